// One of several processes does a thing: the one whose ephemeral node stands in the tree.
import { codeOf, isClusterError } from '../errors.js'
import type { ClusterTree } from './cluster-tree.js'

/** After an attempt that failed while the tree seemed to be there. */
const retryMs = 1_000

export interface TurnOptions {
  /** Releases the turn when it aborts. */
  readonly signal?: AbortSignal | undefined
}

export interface Turn {
  /**
   * Whether this process has the turn now. False from when the tree is away until the node is certain to stand, made in the
   * present session. Ask again before each thing that only one may do.
   */
  held(): boolean

  /** Lets others have it; resolves once the node is gone, or the tree is away and the node goes with the session. Idempotent. */
  release(): Promise<void>
}

/**
 * Takes the turn when `path` is free, waits for it otherwise, takes it again after it was lost; until it is released or the
 * tree is closed. Never throws: while the tree is away it is not held. One holder per path on one tree; the parent of
 * `path` must exist.
 */
export function holdTurn(tree: ClusterTree, path: string, data: Buffer, options: TurnOptions = {}): Turn {
  const holder = new TurnHolder(tree, path, data)
  const { signal } = options
  if (signal?.aborted !== true) holder.start()
  signal?.addEventListener('abort', () => void holder.release(), { once: true })
  return holder
}

class TurnHolder implements Turn {
  readonly #tree: ClusterTree
  readonly #path: string
  readonly #data: Buffer
  #stop: (() => void)[] = []
  /** Whether the node that was seen last was made here. */
  #made = false
  #held = false
  /** Grows with each loss of the link; what was seen before it is not believed. */
  #losses = 0
  #timer: NodeJS.Timeout | undefined
  #looks: Promise<void> = Promise.resolve()
  #lookWaiting = false
  #released: Promise<void> | undefined

  constructor(tree: ClusterTree, path: string, data: Buffer) {
    this.#tree = tree
    this.#path = path
    this.#data = data
  }

  start(): void {
    const stopState = this.#tree.onState((state) => {
      if (state === 'connected') {
        this.#lookSoon()
        return
      }
      this.#held = false
      this.#losses++
    })
    this.#stop = [stopState, this.#tree.watchNode(this.#path, () => this.#lookSoon())]
    this.#lookSoon()
  }

  held(): boolean {
    return this.#held && this.#released === undefined && this.#tree.state === 'connected'
  }

  release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  async #release(): Promise<void> {
    for (const stop of this.#stop) stop()
    clearTimeout(this.#timer)
    await this.#looks
    if (!this.#made) return
    try {
      const node = await this.#tree.get(this.#path)
      if (node?.ephemeral === 'own') await this.#tree.remove(this.#path, node.version)
    } catch (error) {
      if (!isClusterError(error)) throw error
    }
  }

  /** One look at a time; many changes during one make one more. */
  #lookSoon(): void {
    if (this.#lookWaiting || this.#released !== undefined) return
    this.#lookWaiting = true
    this.#looks = this.#looks.then(async () => {
      this.#lookWaiting = false
      if (this.#released !== undefined) return
      try {
        await this.#look()
      } catch (error) {
        if (!isClusterError(error)) throw error
        this.#held = false
        if (error.code !== 'TREE_CLOSED') this.#lookLater()
      }
    })
  }

  async #look(): Promise<void> {
    const losses = this.#losses
    const node = await this.#tree.get(this.#path)
    this.#made &&= node?.ephemeral === 'own'
    if (node === undefined) this.#made = await this.#take()
    this.#held = this.#made && losses === this.#losses
    // The link was lost meanwhile and may be back already.
    if (losses !== this.#losses) this.#lookSoon()
  }

  async #take(): Promise<boolean> {
    try {
      await this.#tree.create(this.#path, this.#data, { ephemeral: true })
      return true
    } catch (error) {
      // Somebody was faster; the watch tells when it is free again.
      if (codeOf(error) === 'NODE_EXISTS') return false
      throw error
    }
  }

  #lookLater(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#lookSoon(), retryMs).unref()
  }
}
