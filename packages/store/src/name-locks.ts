// Serialises operations on one name, from admission to publication; other names do not wait.
export class NameLocks {
  readonly #waiting = new Map<string, (() => void)[]>()
  readonly #idle: (() => void)[] = []

  /** Undefined when the lock was free and is now held, else a promise of holding it. */
  acquire(name: string): Promise<void> | undefined {
    const waiting = this.#waiting.get(name)
    if (waiting === undefined) {
      this.#waiting.set(name, [])
      return undefined
    }
    return new Promise((resolve) => waiting.push(resolve))
  }

  release(name: string): void {
    const waiting = this.#waiting.get(name)
    const next = waiting?.shift()
    if (next !== undefined) {
      next()
      return
    }
    this.#waiting.delete(name)
    if (this.#waiting.size === 0) for (const wake of this.#idle.splice(0)) wake()
  }

  /** Resolves once no lock is held. */
  async idle(): Promise<void> {
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }
}
