// The daemons that run now: the ephemeral children of /daemons.
import type { DaemonEntry } from './cluster-snapshot.js'
import { isClusterError } from './errors.js'
import type { ClusterTree } from './tree/cluster-tree.js'
import { daemonCodec } from './znode-codec.js'
import { treePaths } from './znode-paths.js'

export class WatchedDaemons {
  readonly #tree: ClusterTree
  readonly #stopWatching: () => void
  #entries: readonly DaemonEntry[] = []
  #problems: readonly string[] = []

  /** `changed` is called when read() has to be called again. */
  constructor(tree: ClusterTree, changed: () => void) {
    this.#tree = tree
    this.#stopWatching = tree.watchChildren(treePaths.daemons, changed)
  }

  /** In the order of their names in the tree. */
  get entries(): readonly DaemonEntry[] {
    return this.#entries
  }

  get problems(): readonly string[] {
    return this.#problems
  }

  /** Throws what the tree throws. Without /daemons no daemon has ever run, which is no problem. */
  async read(): Promise<void> {
    const names = (await this.#tree.children(treePaths.daemons)) ?? []
    const read = await Promise.all(names.map((name) => this.#readOne(name)))
    this.#entries = read.filter((each) => typeof each === 'object')
    this.#problems = read.filter((each) => typeof each === 'string')
  }

  close(): void {
    this.#stopWatching()
  }

  /** The entry, or what is wrong with it; undefined when it has just gone. */
  async #readOne(name: string): Promise<DaemonEntry | string | undefined> {
    const path = `${treePaths.daemons}/${name}`
    const node = await this.#tree.get(path)
    if (node === undefined) return undefined
    try {
      const { kind, hostname, pid, startedAtMs, url, packageVersion } = daemonCodec.decode(path, node.data)
      return Object.freeze({ id: name, kind, hostname, pid, startedAtMs, url, packageVersion })
    } catch (error) {
      if (!isClusterError(error)) throw error
      return error.message
    }
  }
}
