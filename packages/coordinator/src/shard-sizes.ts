// Publishes how full the shards are: one coordinator at a time writes to `/shard-size-<id>` what the largest of a shard's
// nodes holds. The figures are the nodes' own, so that nothing has to be counted here or taken back.
import {
  type ClusterTree,
  type ClusterWatch,
  holdTurn,
  type Shard,
  shardSizeCodec,
  treePaths,
} from '@backpack/cluster-model'
import type { NodeFigures } from './measure/measurements.js'
import type { CoordinatorLog } from './options.js'

export interface SizesParts {
  readonly tree: ClusterTree
  readonly watch: ClusterWatch
  readonly log: CoordinatorLog
}

type Turn = Awaited<ReturnType<typeof holdTurn>>

export class ShardSizes {
  readonly #parts: SizesParts
  readonly #turn: Turn

  /** Takes part in the turn under this name. */
  constructor(parts: SizesParts, holder: string) {
    this.#parts = parts
    this.#turn = holdTurn(parts.tree, treePaths.sizeTurn, Buffer.from(holder))
  }

  /** Whether it is this coordinator that publishes. */
  get held(): boolean {
    return this.#turn.held()
  }

  /** Publishes what the nodes answered, while the turn is ours; a shard none of whose nodes answered keeps its size. */
  async publish(answered: ReadonlyMap<string, NodeFigures>, signal: AbortSignal): Promise<void> {
    if (!this.#turn.held()) return
    const { watch, log } = this.#parts
    for (const shard of watch.snapshot.shards.values()) {
      const known = shard.nodes.flatMap(({ id }) => answered.get(id)?.usedBytes ?? [])
      if (known.length === 0 || signal.aborted) continue
      try {
        await this.#publishOne(shard, Math.max(...known))
      } catch (error) {
        // Another edit came between, or the tree is away: the next round sees.
        log.warn({ err: error, shard: shard.id }, 'the size of a shard was not published')
      }
    }
  }

  /** Leaves the turn to another. Idempotent. */
  close(): Promise<void> {
    return this.#turn.release()
  }

  async #publishOne(shard: Shard, currentBytes: number): Promise<void> {
    if (shard.currentBytes === currentBytes) return
    const { tree } = this.#parts
    const path = treePaths.shardSize(shard.id)
    const node = await tree.get(path)
    // Whoever adds a shard writes its capacity; without one there is nothing to complete.
    if (node === undefined) return
    const size = shardSizeCodec.decode(path, node.data)
    if (size.current === currentBytes) return
    await tree.set(path, shardSizeCodec.encode({ ...size, current: currentBytes }), node.version)
  }
}
