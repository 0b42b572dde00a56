// One znode of the model: its present value, kept while a new one cannot be read.
import { isClusterError } from './errors.js'
import type { ClusterTree } from './tree/cluster-tree.js'
import type { ZnodeCodec } from './znode-codec.js'

export class WatchedZnode<Value> {
  readonly #tree: ClusterTree
  readonly #path: string
  readonly #codec: ZnodeCodec<Value>
  readonly #stopWatching: () => void
  readonly #optional: boolean
  #value: Value | undefined
  /** Whether the tree was asked. */
  #asked = false
  /** Whether there was such a znode once, understood or not. */
  #wasThere = false
  #problem: string | undefined
  #data: Buffer | undefined

  /**
   * `changed` is called when read() has to be called again; it is called for the first time by the caller. That an optional
   * one never was there is no problem.
   */
  constructor(
    tree: ClusterTree,
    path: string,
    codec: ZnodeCodec<Value>,
    { changed, optional = false }: { readonly changed: () => void; readonly optional?: boolean },
  ) {
    this.#tree = tree
    this.#path = path
    this.#codec = codec
    this.#optional = optional
    this.#stopWatching = tree.watchNode(path, changed)
  }

  /** Undefined until it could be read once; kept when the znode goes. */
  get value(): Value | undefined {
    return this.#value
  }

  /** Whether the tree was asked, and there never was such a znode. */
  get neverThere(): boolean {
    return this.#asked && !this.#wasThere
  }

  /** A sentence, while there is no such znode or it cannot be understood. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Throws what tree.get() throws. */
  async read(): Promise<void> {
    const node = await this.#tree.get(this.#path)
    this.#asked = true
    if (node === undefined) {
      if (this.#optional && !this.#wasThere) return
      // A tree that comes back empty must not take all photos off the air, nor open them to everybody.
      const kept = this.#value === undefined ? '' : ' any more: what it held last stays in use'
      this.#data = undefined
      this.#problem = `There is no ${this.#path}${kept}`
      return
    }
    this.#wasThere = true
    if (this.#data?.equals(node.data) === true) return
    this.#data = node.data
    try {
      this.#value = this.#codec.decode(this.#path, node.data)
      this.#problem = undefined
    } catch (error) {
      if (!isClusterError(error)) throw error
      this.#problem = error.message
    }
  }

  close(): void {
    this.#stopWatching()
  }
}
