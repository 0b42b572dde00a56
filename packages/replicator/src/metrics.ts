// Prometheus metrics of a replicator. Counts are kept where things happen; they are copied here at each scrape.
import type { QueueFigures } from '@backpack/cluster-model'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ReplicatorStats } from './replicator.js'

const prefix = 'backpack_replicator_'
const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export class ReplicatorMetrics {
  readonly #registry = new Registry()
  readonly #seconds: Histogram
  readonly #gauges = new Map<string, Gauge<string>>()

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
    this.#seconds = new Histogram({
      name: `${prefix}task_seconds`,
      help: 'How long tasks took that ended well, from their claim',
      buckets: secondsBuckets,
      registers: [this.#registry],
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  observe(seconds: number): void {
    this.#seconds.observe(seconds)
  }

  async render(stats: ReplicatorStats): Promise<string> {
    this.#set('copied', 'Blobs copied since the start', stats.copied)
    this.#set('copied_bytes', 'Bytes of the blobs copied since the start', stats.copiedBytes)
    this.#set('deleted', 'Tombstones written since the start', stats.deleted)
    this.#set('closed', 'Tasks closed since the start that needed no change any more', stats.closed)
    this.#set('failed', 'Attempts failed since the start', stats.failed)
    this.#set('parked_since_start', 'Tasks set aside by this process', stats.parked)
    this.#set('repairs', 'Comparisons of a shard since the start', stats.repairs)
    this.#set('repaired', 'Blobs and tombstones that repairs brought since the start', stats.repaired)
    this.#set('repairing', 'Shards whose nodes are being compared here', stats.repairing.length)
    this.#set('under_way', 'Tasks under way', stats.underWay)
    this.#set(
      'targets_paused',
      'Nodes whose tasks wait because they are away or full',
      stats.awayNodes.length,
    )
    this.#set('queue_answers', 'Whether the queue answers', stats.queueAnswers ? 1 : 0)
    this.#setQueue(stats.queue)
    return this.#registry.metrics()
  }

  /** While the queue is away its figures are left out: nobody knows them. */
  #setQueue(figures: QueueFigures | undefined): void {
    const needsRepair = figures && Object.keys(figures.needsRepair).length
    const seconds = figures && figures.oldestAgeMs / 1_000
    this.#set('queue_due', 'Tasks due now and in nobody’s hands', figures?.due)
    this.#set('queue_delayed', 'Tasks that wait for a backoff, a turn or a paused node', figures?.delayed)
    this.#set('queue_leased', 'Tasks in the hands of a replicator', figures?.leased)
    this.#set('queue_parked', 'Tasks set aside until somebody retries them', figures?.parked)
    this.#set('queue_oldest_seconds', 'Age of the oldest task that is not parked', seconds)
    this.#set('queue_servers', 'Servers of the queue', figures?.servers)
    this.#set('queue_servers_up', 'Servers of the queue that answer', figures?.serversUp)
    this.#set('needs_repair', 'Nodes for which tasks are no longer kept', needsRepair)
  }

  #set(name: string, help: string, value: number | undefined): void {
    let gauge = this.#gauges.get(name)
    if (gauge === undefined) {
      gauge = new Gauge({ name: prefix + name, help, labelNames: [], registers: [this.#registry] })
      this.#gauges.set(name, gauge)
    }
    if (value === undefined) gauge.remove()
    else gauge.set(value)
  }
}
