// Loads a daemon with parallel PUTs, overwrites and DELETEs until it dies, and looks at everything once it is back.
import { Pool } from 'undici'
import type { CrashJournal } from './crash-journal.js'

const parallel = 16

export class CrashClient {
  readonly #pool: Pool
  readonly #journal: CrashJournal
  #stopped = false

  constructor(port: number, journal: CrashJournal) {
    this.#pool = new Pool(`http://127.0.0.1:${port}`, { connections: parallel, pipelining: 1 })
    this.#journal = journal
  }

  /** Resolves when the daemon has died, or at most `operationsMax` were done. Throws on any wrong answer. */
  async load(operationsMax: number): Promise<void> {
    let left = operationsMax
    const work = async () => {
      while (!this.#stopped && left-- > 0) {
        const operation = this.#journal.begin()
        if (operation !== undefined && !(await this.#perform(operation))) return
      }
    }
    await Promise.all(Array.from({ length: parallel }, work))
  }

  /** False when the connection broke, which leaves the operation under way. */
  async #perform({ index, next }: NonNullable<ReturnType<CrashJournal['begin']>>): Promise<boolean> {
    const present = this.#journal.acknowledged(index)
    const puts = next.kind === 'blob'
    let status: number
    try {
      const answer = await this.#pool.request({
        path: this.#path(index),
        method: puts ? 'PUT' : 'DELETE',
        body: puts ? this.#journal.dataOf(index, next) : null,
      })
      status = answer.statusCode
      await answer.body.dump()
    } catch {
      return false
    }
    if (status !== (puts ? 201 : 204)) {
      throw new Error(
        `${puts ? 'PUT' : 'DELETE'} over ${JSON.stringify(present)} was answered with ${status}`,
      )
    }
    this.#journal.acknowledge(index)
    return true
  }

  /** Reads every name and compares it with the journal. Throws on the first that is wrong. */
  async verify(): Promise<void> {
    let index = 0
    const work = async () => {
      while (index < this.#journal.names) {
        const mine = index++
        const answer = await this.#pool.request({ path: this.#path(mine), method: 'GET' })
        const data = Buffer.from(await answer.body.arrayBuffer())
        const { statusCode } = answer
        if (![200, 404, 410].includes(statusCode)) {
          throw new Error(`${this.#journal.nameOf(mine)} is answered with ${statusCode}: ${data.toString()}`)
        }
        this.#journal.settle(mine, statusCode === 200 ? data : statusCode === 410 ? 'deleted' : undefined)
      }
    }
    await Promise.all(Array.from({ length: parallel }, work))
  }

  async getJson(path: string): Promise<unknown> {
    const { body } = await this.#pool.request({ path, method: 'GET' })
    return body.json()
  }

  async close(): Promise<void> {
    this.#stopped = true
    await this.#pool.destroy()
  }

  #path(index: number): string {
    return `/${encodeURIComponent(this.#journal.nameOf(index))}`
  }
}
