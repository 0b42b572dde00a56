// Which watches stand at the server. Each is used up by the change it tells of and armed again before anybody is told, so
// that what is read then is at least as new as the watch: requests of one session are carried out in order.
import type { TreeListeners, WatchKind } from './tree-listeners.js'
import type { ChangeEvent, ZooKeeperClient } from './zookeeper-client.js'

/** A node that comes and goes while its children are to be watched; the next change tells of it anyway. */
const armingsMax = 8

const kindsOfEvent: Readonly<Record<ChangeEvent, readonly WatchKind[]>> = {
  created: ['node', 'children'],
  deleted: ['node', 'children'],
  changed: ['node'],
  child: ['children'],
}

export class WatchRegistry {
  readonly #listeners: TreeListeners
  readonly #absolute: (path: string) => string
  /** `kind path` of the watches that stand or are on their way, at the present client. */
  readonly #armed = new Set<string>()
  #client: ZooKeeperClient | undefined

  /** `absolute` makes a path of ZooKeeper of one of the tree. */
  constructor(listeners: TreeListeners, absolute: (path: string) => string) {
    this.#listeners = listeners
    this.#absolute = absolute
  }

  add(kind: WatchKind, path: string, changed: () => void): () => void {
    const remove = this.#listeners.add(kind, path, changed)
    this.#arm(kind, path)
    return remove
  }

  /** The link is there, for the first time or again: `client` is new, or keeps the watches that stood. */
  connected(client: ZooKeeperClient): void {
    if (client !== this.#client) this.#armed.clear()
    this.#client = client
    for (const kind of ['node', 'children'] as const) {
      for (const path of this.#listeners.paths(kind)) this.#arm(kind, path)
    }
    this.#listeners.callAll()
  }

  changed(event: ChangeEvent, path: string): void {
    for (const kind of kindsOfEvent[event]) {
      this.#armed.delete(`${kind} ${path}`)
      if (this.#listeners.has(kind, path)) this.#arm(kind, path)
    }
    for (const kind of kindsOfEvent[event]) this.#listeners.call(kind, path)
  }

  #arm(kind: WatchKind, path: string): void {
    const client = this.#client
    const key = `${kind} ${path}`
    if (client === undefined || this.#armed.has(key)) return
    this.#armed.add(key)
    const arming = kind === 'node' ? this.#armNode(client, path) : this.#armChildren(client, path)
    void arming.then((stands) => {
      // Without the link it is armed when that is back.
      if (!stands && client === this.#client) this.#armed.delete(key)
    })
  }

  async #armNode(client: ZooKeeperClient, path: string): Promise<boolean> {
    const { outcome } = await client.exists(this.#absolute(path), { watch: true })
    return outcome === 'done' || outcome === 'missing'
  }

  /** While there is no such node, a watch for its creation stands instead. */
  async #armChildren(client: ZooKeeperClient, path: string): Promise<boolean> {
    for (let tries = 0; tries < armingsMax; tries++) {
      const children = await client.children(this.#absolute(path), { watch: true })
      if (children.outcome === 'done') {
        // It was created in between, and may have got children before they were watched.
        if (tries > 0) this.#listeners.call('children', path)
        return true
      }
      if (children.outcome !== 'missing') return false
      const node = await client.exists(this.#absolute(path), { watch: true })
      if (node.outcome === 'missing') return true
      if (node.outcome !== 'done') return false
    }
    return false
  }
}
