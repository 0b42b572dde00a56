// Prometheus metrics of a coordinator. Counts are kept where things happen; they are copied here at each scrape.
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { sizesOf } from '../cluster-stats.js'
import { measurementsOf } from '../measure/measurements-of.js'
import type { CoordinatorParts } from '../parts.js'
import { isRated, scoreShards } from '../pick-shard.js'

/** The upload that the weights of the shards are shown for. */
const photoBytes = 64 * 1024

export class CoordinatorMetrics {
  readonly #registry = new Registry()
  readonly #parts: CoordinatorParts
  /** Answers by method and status. */
  readonly #answers = new Map<string, Map<number, number>>()
  readonly #gauges = new Map<string, Gauge<string>>()
  readonly #requests: Counter
  connections = () => 0
  connectionsRefused = 0

  constructor(parts: CoordinatorParts) {
    this.#parts = parts
    collectDefaultMetrics({ register: this.#registry })
    this.#requests = new Counter({
      name: 'backpack_coordinator_requests_total',
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
    this.#requests.reset()
    for (const [method, counts] of this.#answers) {
      for (const [status, count] of counts) this.#requests.inc({ method, status }, count)
    }
    this.#setOwn()
    this.#setCluster()
    this.#setChoice()
    await this.#setQueue()
    return this.#registry.metrics()
  }

  #setOwn(): void {
    const { uploads, receiver } = this.#parts
    this.#set('connections', 'Open connections', this.connections())
    this.#set('connections_refused', 'Connections refused since the start', this.connectionsRefused)
    this.#set('uploads_under_way', 'Uploads under way', uploads.underWay)
    this.#set('files_uploaded', 'Uploads taken since the start', uploads.uploaded)
    this.#set('files_failed', 'Uploads failed since the start, by no fault of their client', uploads.failed)
    this.#set('files_refused', 'Uploads refused since the start, by a fault of their client', uploads.refused)
    this.#set('uploaded_bytes', 'Bytes of the uploads taken since the start', uploads.uploadedBytes)
    this.#set('direct_copies', 'Copies made before the answer since the start', uploads.directCopies)
    this.#set('body_memory_bytes', 'Memory held by bodies under way', receiver.memoryBytes)
    this.#set('spool_files', 'Bodies under way in spool files', receiver.spoolFiles)
  }

  #setCluster(): void {
    const { watch, isUp, inFlight } = this.#parts
    const { snapshot } = watch
    const { totalBytes, usedBytes, shards, writableShards } = sizesOf(snapshot)
    const nodes = [...snapshot.servers.values()]
    this.#set('shards', 'Shards', shards)
    this.#set('writable_shards', 'Shards that take uploads', writableShards)
    this.#set('capacity_bytes', 'Capacity of all shards', totalBytes)
    this.#set('used_bytes', 'Used bytes of all shards', usedBytes)
    this.#set('nodes', 'Store nodes', nodes.length)
    this.#set('nodes_up', 'Store nodes that answer', nodes.filter(isUp).length)
    this.#set('model_problems', 'Parts of the model that cannot be used', snapshot.problems.length)
    const perShard = this.#labelled('in_flight_bytes', 'Bytes on their way to a shard', 'shard')
    perShard.reset()
    for (const [shard, bytes] of inFlight.bytesByShard) perShard.set({ shard }, bytes)
  }

  #setChoice(): void {
    const { watch, writes } = this.#parts
    const { snapshot } = watch
    const measurements = measurementsOf(this.#parts)
    const pains = this.#labelled('node_write_us_per_byte', 'Microseconds per byte of recent uploads', 'node')
    const failures = this.#labelled('node_write_failures', 'Uploads failed at a node since the start', 'node')
    for (const gauge of [pains, failures]) gauge.reset()
    for (const node of snapshot.servers.keys()) {
      const write = measurements.node(node).write
      if (write !== undefined) pains.set({ node }, write.usPerByte)
      failures.set({ node }, writes.failuresOf(node))
    }
    const weights = this.#labelled('shard_weight', 'Weight of a shard for 64 KiB, 0 when excluded', 'shard')
    weights.reset()
    for (const score of scoreShards(snapshot, measurements, photoBytes)) {
      weights.set({ shard: score.shard.id }, isRated(score) ? score.weight : 0)
    }
  }

  async #setQueue(): Promise<void> {
    const figures = await this.#parts.queue.figures()
    this.#set('queue_servers_up', 'Servers of the queue that answer', figures?.serversUp ?? 0)
    if (figures === undefined) return
    const tasks = this.#labelled('queue_tasks', 'Tasks in the queue, by state', 'state')
    for (const state of ['due', 'delayed', 'leased', 'parked'] as const) tasks.set({ state }, figures[state])
    this.#set('queue_oldest_seconds', 'Age of the oldest task', figures.oldestAgeMs / 1000)
    this.#set('nodes_need_repair', 'Nodes to be compared whole', Object.keys(figures.needsRepair).length)
  }

  #set(name: string, help: string, value: number): void {
    this.#gauge(name, help, []).set(value)
  }

  #labelled(name: string, help: string, label: string): Gauge<string> {
    return this.#gauge(name, help, [label])
  }

  #gauge(name: string, help: string, labelNames: string[]): Gauge<string> {
    let gauge = this.#gauges.get(name)
    if (gauge === undefined) {
      gauge = new Gauge({
        name: `backpack_coordinator_${name}`,
        help,
        labelNames,
        registers: [this.#registry],
      })
      this.#gauges.set(name, gauge)
    }
    return gauge
  }
}
