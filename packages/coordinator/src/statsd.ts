// Reports to statsd over UDP with the names of 2013. What does not arrive is nobody's trouble.
import { StatsD } from 'hot-shots'
import { hostname } from 'node:os'
import { sizesOf } from './cluster-stats.js'
import type { CoordinatorParts } from './parts.js'

/** Metrics gathered into one datagram: below what any network passes whole. */
const datagramBytesMax = 1_400
const flushEveryMs = 1_000

export interface StatsdAddress {
  readonly host: string
  readonly port: number
}

export class StatsdReporter {
  readonly #parts: CoordinatorParts
  readonly #client: StatsD
  readonly #timer: NodeJS.Timeout

  constructor(parts: CoordinatorParts, { host, port }: StatsdAddress) {
    this.#parts = parts
    this.#client = new StatsD({
      host,
      port,
      prefix: `backpack-coordinator.${hostname()}.`,
      cacheDns: true,
      maxBufferSize: datagramBytesMax,
      bufferFlushInterval: flushEveryMs,
      errorHandler: (error) => parts.log.info({ err: error }, 'statsd was not reached'),
    })
    parts.uploads.onEnd = (end, tookMs) => this.#count(end, tookMs)
    this.#timer = setInterval(() => void this.#gauge(), parts.limits.statsdEveryMs).unref()
    void this.#gauge()
  }

  /** Sends what is gathered. Never rejects. */
  close(): Promise<void> {
    clearInterval(this.#timer)
    this.#parts.uploads.onEnd = undefined
    return new Promise((resolve) => this.#client.close(() => resolve()))
  }

  #count(end: 'uploaded' | 'failed', tookMs: number): void {
    const name = end === 'uploaded' ? 'add_photo.ok' : 'add_photo.error'
    this.#client.increment(name)
    this.#client.timing(name, tookMs)
    this.#client.increment(end === 'uploaded' ? 'files.uploaded' : 'files.failed')
  }

  async #gauge(): Promise<void> {
    const { watch, queue } = this.#parts
    const client = this.#client
    const figures = await queue.figures()
    const { totalBytes, usedBytes, availableBytes, shards } = sizesOf(watch.snapshot)
    client.gauge('total_size', totalBytes)
    client.gauge('used_size', usedBytes)
    client.gauge('total_shards', shards)
    client.gauge('available_space', availableBytes)
    // No figure is better than a wrong one.
    if (figures !== undefined) client.gauge('queue_length', figures.total)
    for (const { id, readOnly, currentBytes, capacityBytes = 0 } of watch.snapshot.shards.values()) {
      const prefix = `${id}.${readOnly ? 'ro' : 'rw'}`
      client.gauge(`${prefix}.current_size`, currentBytes)
      client.gauge(`${prefix}.capacity_size`, capacityBytes)
      client.gauge(`${prefix}.available_size`, Math.max(0, capacityBytes - currentBytes))
    }
  }
}
