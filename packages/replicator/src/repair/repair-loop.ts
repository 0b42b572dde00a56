// Repairs the shards whose turn this process has: each every few hours, and at once those with a node that missed too
// much. One replicator of the cluster has the turn of a shard as long as it runs; its times are kept nowhere else.
import {
  type ClusterTree,
  type ClusterWatch,
  holdTurn,
  type NodeClient,
  type ReplicationQueue,
  type ServerNode,
  type Shard,
  treePaths,
} from '@backpack/cluster-model'
import { hostname } from 'node:os'
import { codeOf, messageOf } from '../error-codes.js'
import type { ReplicatorLog } from '../options.js'
import { type RepairLimits, type RepairReport, repairShard } from './repair-shard.js'
import type { CopyTask } from './repair-tasks.js'
import { ShardTurn } from './shard-turn.js'

const secondMs = 1_000

export const repairLoopLimits = {
  /** How often it is looked whether there is something to do. */
  lookEveryMs: 10 * secondMs,
  /** What is younger is not compared in the regular round: the queue is still copying it. */
  settleMs: 5 * 60 * secondMs,
  /** A node that needs a repair is compared up to now and so much further: clocks of stores may be a minute ahead. */
  aheadMs: 2 * 60 * secondMs,
  /** A repair that was not complete is tried again after so long, then twice as long each time. */
  retryMsMin: 60 * secondMs,
  retryMsMax: 60 * 60 * secondMs,
  /** Shards under repair at once. */
  shardsAtOnce: 4,
} as const

export type RepairLoopLimits = { readonly [Limit in keyof typeof repairLoopLimits]: number }

export interface RepairLoopOptions {
  readonly tree: ClusterTree
  readonly watch: Pick<ClusterWatch, 'snapshot'>
  readonly queue: Pick<ReplicationQueue, 'figures' | 'beginRepair' | 'endRepair'>
  readonly nodes: Pick<NodeClient, 'getStream' | 'getJson'>
  readonly copyTask: CopyTask
  /** More than 0. Each round comes up to a tenth earlier or later, the first at any time within. */
  readonly repairEveryMs: number
  readonly log: Pick<ReplicatorLog, 'info' | 'warn'>
  /** Told of every repair that came to its end, for metrics. */
  readonly onReport?: (report: RepairReport) => void
  readonly limits?: Partial<RepairLoopLimits & RepairLimits>
}

export class RepairLoop {
  readonly #options: RepairLoopOptions
  readonly #limits: RepairLoopLimits
  readonly #shards = new Map<string, ShardTurn>()
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void>
  #parentStands = false

  /** Begins at once; nothing it meets with makes it stop before close(). */
  constructor(options: RepairLoopOptions) {
    this.#options = options
    this.#limits = { ...repairLoopLimits, ...options.limits }
    this.#looking = this.#look()
  }

  /** Shards whose nodes are being compared here now. */
  get running(): string[] {
    return [...this.#shards].flatMap(([id, { running }]) => (running === undefined ? [] : [id]))
  }

  /** Ends what is under way and lets others have the turns. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#looking
    const turns = [...this.#shards.values()]
    this.#shards.clear()
    await Promise.all(turns.map((turn) => turn.close()))
  }

  async #look(): Promise<void> {
    try {
      await this.#followShards()
      const needing = await this.#nodesInNeed()
      const { shards } = this.#options.watch.snapshot
      const held = [...this.#shards].flatMap(([id, turn]) => {
        const shard = shards.get(id)
        return shard !== undefined && turn.held() ? [{ shard, turn, nodes: inNeed(shard, needing) }] : []
      })
      // Nodes in need go first: regular rounds take the places that are left.
      for (const { shard, turn, nodes } of held) {
        if (nodes.length > 0 && turn.mayRetry())
          this.#start(turn, () => this.#repairNodes(shard, turn, nodes))
      }
      for (const { shard, turn } of held)
        if (turn.isDue()) this.#start(turn, () => this.#repairRound(shard, turn))
    } catch (error) {
      this.#options.log.warn({ err: error }, 'repairs wait')
    }
    if (this.#closed) return
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
    }, this.#limits.lookEveryMs)
  }

  async #followShards(): Promise<void> {
    const { tree, watch, repairEveryMs } = this.#options
    if (!this.#parentStands) {
      await tree.create(treePaths.repairs, Buffer.alloc(0)).catch((error: unknown) => {
        if (codeOf(error) !== 'NODE_EXISTS') throw error
      })
      this.#parentStands = true
    }
    if (this.#closed) return
    const { shards } = watch.snapshot
    const gone = [...this.#shards].filter(([id]) => !shards.has(id))
    for (const [id] of gone) this.#shards.delete(id)
    for (const id of shards.keys()) {
      if (this.#shards.has(id)) continue
      const who = Buffer.from(JSON.stringify({ hostname: hostname(), pid: process.pid }))
      const turn = holdTurn(tree, `${treePaths.repairs}/${id}`, who)
      this.#shards.set(id, new ShardTurn(turn, { repairEveryMs, ...this.#limits }))
    }
    for (const [id, { nodes }] of shards) this.#shards.get(id)?.follow(nodes.map((node) => node.id))
    await Promise.all(gone.map(([, turn]) => turn.close()))
  }

  async #nodesInNeed(): Promise<ReadonlySet<string>> {
    try {
      return new Set(Object.keys((await this.#options.queue.figures()).needsRepair))
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      return new Set()
    }
  }

  #start(turn: ShardTurn, repair: () => Promise<void>): void {
    if (turn.running !== undefined || this.running.length >= this.#limits.shardsAtOnce) return
    turn.running = repair()
      .catch((error: unknown) => {
        turn.retryLater()
        this.#options.log.warn({ err: error }, 'a repair ended early')
      })
      .finally(() => {
        turn.running = undefined
      })
  }

  async #repairRound(shard: Shard, turn: ShardTurn): Promise<void> {
    const report = await this.#repair(shard, turn, Date.now() - this.#limits.settleMs)
    if (isWhole(report)) turn.done()
    else turn.retryLater()
  }

  /** From beginRepair() on the queue keeps tasks for the node again: what it missed before is found by comparing. */
  async #repairNodes(shard: Shard, turn: ShardTurn, nodes: readonly ServerNode[]): Promise<void> {
    const { queue } = this.#options
    const answering: ServerNode[] = []
    for (const node of nodes) if (await this.#answers(node, turn.signal)) answering.push(node)
    if (answering.length === 0) return
    for (const { id } of answering) await queue.beginRepair(id)
    const report = await this.#repair(shard, turn, Date.now() + this.#limits.aheadMs)
    if (!isWhole(report)) {
      turn.retryLater()
      return
    }
    for (const { id } of answering) await queue.endRepair(id)
    turn.done()
  }

  async #repair(shard: Shard, turn: ShardTurn, beforeMs: number): Promise<RepairReport> {
    const { nodes, copyTask, limits = {}, log, onReport } = this.#options
    const { signal } = turn
    const mayGoOn = () => turn.held()
    const report = await repairShard({ shard, nodes, beforeMs, copyTask, signal, mayGoOn, limits })
    if (isWhole(report)) log.info({ ...report }, 'shard compared')
    else log.warn({ ...report }, 'shard compared in part')
    onReport?.(report)
    return report
  }

  /** A node that is away is not repaired: tasks kept for it again would only pile up again. */
  async #answers(node: ServerNode, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.nodes.getJson(node, '/-/ready', signal)
      return true
    } catch (error) {
      this.#options.log.info(
        { nodeId: node.id, reason: messageOf(error) },
        'a node that needs a repair is away',
      )
      return false
    }
  }
}

function inNeed({ nodes }: Shard, needing: ReadonlySet<string>): ServerNode[] {
  return nodes.filter(({ id }) => needing.has(id))
}

function isWhole({ complete, failed }: RepairReport): boolean {
  return complete && failed === 0
}
