// The model as it is known, and as it is when that matters: a watch may lag behind a change by a moment, and by as long
// as the tree is away.
import {
  type ClusterSnapshot,
  type ClusterTree,
  type ClusterWatch,
  readCluster,
} from '@backpack/cluster-model'

export class PresentModel {
  readonly #tree: ClusterTree
  readonly #watch: Pick<ClusterWatch, 'snapshot'>
  readonly #freshMs: number
  #fresh: Promise<ClusterSnapshot> | undefined
  #freshAtMs = 0

  constructor(tree: ClusterTree, watch: Pick<ClusterWatch, 'snapshot'>, freshMs: number) {
    this.#tree = tree
    this.#watch = watch
    this.#freshMs = freshMs
  }

  get snapshot(): ClusterSnapshot {
    return this.#watch.snapshot
  }

  /** Read from the tree, at most freshMs ago. Throws TREE_AWAY, TREE_CLOSED, MODEL_MISSING. */
  fresh(): Promise<ClusterSnapshot> {
    const nowMs = performance.now()
    if (this.#fresh === undefined || nowMs - this.#freshAtMs > this.#freshMs) {
      this.#fresh = readCluster(this.#tree)
      this.#freshAtMs = nowMs
    }
    return this.#fresh
  }
}
