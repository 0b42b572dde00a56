/**
 * Runs a read one at a time. next() gives one that begins after the call, so that it sees what was done before; callers that
 * wait for the same one share it.
 */
export class SerialReads<Result> {
  readonly #read: () => Promise<Result>
  #running: Promise<unknown> | undefined
  #waiting: Promise<Result> | undefined

  constructor(read: () => Promise<Result>) {
    this.#read = read
  }

  next(): Promise<Result> {
    if (this.#waiting !== undefined) return this.#waiting
    if (this.#running === undefined) return this.#run()
    this.#waiting = this.#running.then(() => {
      this.#waiting = undefined
      return this.#run()
    })
    return this.#waiting
  }

  #run(): Promise<Result> {
    const result = this.#read()
    const running = result.then(
      () => undefined,
      () => undefined,
    )
    this.#running = running
    void running.then(() => {
      if (this.#running === running) this.#running = undefined
    })
    return result
  }
}
