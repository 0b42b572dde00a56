// Imports what the Redis of a 2013 store points at: that is what its clients could read.
import type { ImportFinding, ImportSource } from '../import-source.js'
import { showBytes } from '../show-bytes.js'
import type { DataFiles2013 } from './data-files.js'
import { type Blob2013, findingOf, originOf, refuse2013, refuseCollision } from './finding-2013.js'
import { decodeRawName, isLater } from './names-2013.js'
import type { RedisIndex2013 } from './redis-index.js'

export class RedisSource2013 implements ImportSource {
  readonly unit = 'blobs'
  readonly #files: DataFiles2013
  readonly #index: RedisIndex2013

  /** Takes over both: close() closes them. */
  constructor(files: DataFiles2013, index: RedisIndex2013) {
    this.#files = files
    this.#index = index
  }

  measure(): Promise<number> {
    return this.#index.size()
  }

  async *findings(): AsyncGenerator<ImportFinding, void, undefined> {
    const winners = await this.#findWinners()
    for await (const { raw, location } of this.#index.entries()) {
      if (location === undefined) {
        yield refuse2013(showBytes(raw), 'its value in Redis is no file:offset:length')
        continue
      }
      const blob = { raw, location }
      const winner = winners.get(decodeRawName(raw) ?? '')
      if (winner === undefined || winner.raw.equals(raw)) yield findingOf(blob, this.#files)
      else yield refuseCollision(blob, originOf(winner))
    }
  }

  /**
   * The latest blob of each name to which a raw name with a percent sign decodes; all of these are held in memory. A
   * raw name without one decodes to itself, so that only these can collide.
   */
  async #findWinners(): Promise<Map<string, Blob2013>> {
    const winners = new Map<string, Blob2013>()
    for await (const { raw, location } of this.#index.entries('*%*')) {
      const name = decodeRawName(raw)
      if (name === undefined || location === undefined) continue
      const rival = winners.get(name) ?? (await this.#plain(name))
      const lost = rival !== undefined && isLater(rival.location, location)
      winners.set(name, lost ? rival : { raw, location })
    }
    return winners
  }

  /** The blob whose raw name is this name itself. */
  async #plain(name: string): Promise<Blob2013 | undefined> {
    const raw = Buffer.from(name)
    return decodeRawName(raw) === name ? this.#index.find(raw) : undefined
  }

  async close(): Promise<void> {
    this.#index.close()
    await this.#files.close()
  }
}
