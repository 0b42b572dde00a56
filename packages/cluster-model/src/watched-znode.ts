// One znode of the model: its present value, kept while a new one cannot be read.
import { isClusterError } from './errors.js'
import type { ClusterTree } from './tree/cluster-tree.js'
import type { ZnodeCodec } from './znode-codec.js'

export class WatchedZnode<Value> {
  readonly #tree: ClusterTree
  readonly #path: string
  readonly #codec: ZnodeCodec<Value>
  readonly #stopWatching: () => void
  #value: Value | undefined
  #problem: string | undefined
  #data: Buffer | undefined

  /** `changed` is called when read() has to be called again; it is called for the first time by the caller. */
  constructor(tree: ClusterTree, path: string, codec: ZnodeCodec<Value>, changed: () => void) {
    this.#tree = tree
    this.#path = path
    this.#codec = codec
    this.#stopWatching = tree.watchNode(path, changed)
  }

  /** Undefined until it could be read once; kept when the znode goes. */
  get value(): Value | undefined {
    return this.#value
  }

  /** A sentence, while there is no such znode or it cannot be understood. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Throws what tree.get() throws. */
  async read(): Promise<void> {
    const node = await this.#tree.get(this.#path)
    if (node === undefined) {
      // A tree that comes back empty must not take all photos off the air.
      const kept = this.#value === undefined ? '' : ' any more: what it held last stays in use'
      this.#data = undefined
      this.#problem = `There is no ${this.#path}${kept}`
      return
    }
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
