// Prometheus metrics of a daemon. Counts are kept by the store and both lanes; they are copied here at each scrape.
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Store } from '../store.js'

export class DaemonMetrics {
  readonly #registry = new Registry()
  readonly #store: Store
  /** Answers by method and status, both lanes. */
  readonly #answers = new Map<string, Map<number, number>>()
  readonly #gauges = new Map<string, Gauge>()
  readonly #requests: Counter
  connections = () => 0

  constructor(store: Store) {
    this.#store = store
    collectDefaultMetrics({ register: this.#registry })
    this.#requests = new Counter({
      name: 'backpack_requests_total',
      help: 'Requests answered, by method and status',
      labelNames: ['method', 'status'],
      registers: [this.#registry],
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  countAnswer(method: string, status: number): void {
    const ofMethod = this.#answers.get(method)
    if (ofMethod === undefined) this.#answers.set(method, new Map([[status, 1]]))
    else ofMethod.set(status, (ofMethod.get(status) ?? 0) + 1)
  }

  async render(): Promise<string> {
    const stats = await this.#store.stats()
    this.#requests.reset()
    for (const [method, counts] of this.#answers) {
      for (const [status, count] of counts) this.#requests.inc({ method, status }, count)
    }
    this.#set('backpack_ready', 'Whether requests are served', this.#store.ready() ? 1 : 0)
    this.#set('backpack_connections', 'Open connections', this.connections())
    this.#set('backpack_names', 'Names in the key map, tombstones included', stats.keyMap.names)
    this.#set('backpack_key_map_bytes', 'Memory of the key map', stats.keyMap.memoryBytes)
    this.#set('backpack_volumes', 'Volumes', stats.volumes.length)
    this.#set(
      'backpack_volumes_sealed',
      'Volumes closed by a failure',
      stats.volumes.filter((volume) => volume.sealed).length,
    )
    this.#set('backpack_used_bytes', 'Bytes of volumes and index logs', stats.usedBytes)
    this.#set('backpack_available_bytes', 'Bytes until the disk reserve is reached', stats.availableBytes)
    this.#set('backpack_get_bytes', 'Bytes served since the start', stats.gets.bytes)
    this.#set('backpack_put_bytes', 'Bytes stored since the start', stats.puts.bytes)
    this.#set('backpack_deletes', 'Blobs deleted since the start', stats.deletes)
    this.#set('backpack_batches', 'Commits since the start', stats.batches)
    this.#set('backpack_batched_blobs', 'Blobs committed since the start', stats.batchedBlobs)
    this.#set('backpack_damaged_reads', 'Reads refused for a wrong checksum', stats.damagedReads)
    const damaged = stats.volumes.reduce((sum, { damagedBytes }) => sum + damagedBytes, 0)
    this.#set('backpack_damaged_bytes', 'Bytes in quarantine', damaged)
    this.#set('backpack_body_memory_bytes', 'Memory held by bodies under way', stats.bodyMemoryBytes)
    return this.#registry.metrics()
  }

  #set(name: string, help: string, value: number): void {
    let gauge = this.#gauges.get(name)
    if (gauge === undefined) {
      gauge = new Gauge({ name, help, registers: [this.#registry] })
      this.#gauges.set(name, gauge)
    }
    gauge.set(value)
  }
}
