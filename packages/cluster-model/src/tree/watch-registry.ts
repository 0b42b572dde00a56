// Which watches stand at the server. Each is used up by the change it tells of, and armed again before anybody is told: what
// is read then is at least as new as the watch, since requests of one session are carried out in order. The answer to the
// arming says whether there was more than that one change meanwhile; then everybody is told again.
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

/** What a watch was armed on: a node as it was made, and its changes since; or that there was none. */
type Mark = { readonly czxid: number; readonly changes: number } | 'missing'

export class WatchRegistry {
  readonly #listeners: TreeListeners
  readonly #absolute: (path: string) => string
  /** `kind path` of the watches that stand or are on their way, at the present client. */
  readonly #armed = new Set<string>()
  /** By `kind path`, of the watches that stand or stood last. */
  readonly #marks = new Map<string, Mark>()
  #client: ZooKeeperClient | undefined

  /** `absolute` makes a path of ZooKeeper of one of the tree. */
  constructor(listeners: TreeListeners, absolute: (path: string) => string) {
    this.#listeners = listeners
    this.#absolute = absolute
  }

  add(kind: WatchKind, path: string, changed: () => void): () => void {
    const remove = this.#listeners.add(kind, path, changed)
    this.#arm(kind, path, () => true)
    return remove
  }

  /** The link is there, for the first time or again: `client` is new, or keeps the watches that stood. */
  connected(client: ZooKeeperClient): void {
    if (client !== this.#client) this.#armed.clear()
    this.#client = client
    for (const kind of ['node', 'children'] as const) {
      for (const path of this.#listeners.paths(kind)) {
        this.#arm(kind, path, (before, now) => sameMark(before, now))
      }
    }
    this.#listeners.callAll()
  }

  changed(event: ChangeEvent, path: string): void {
    for (const kind of kindsOfEvent[event]) {
      this.#armed.delete(`${kind} ${path}`)
      if (this.#listeners.has(kind, path)) {
        this.#arm(kind, path, (before, now) => isThatChange(event, before, now))
      } else this.#marks.delete(`${kind} ${path}`)
    }
    for (const kind of kindsOfEvent[event]) this.#listeners.call(kind, path)
  }

  /** `isKnown` says whether what the watch now stands on is what the listeners have been told of. */
  #arm(kind: WatchKind, path: string, isKnown: (before: Mark | undefined, now: Mark) => boolean): void {
    const client = this.#client
    const key = `${kind} ${path}`
    if (client === undefined || this.#armed.has(key)) return
    this.#armed.add(key)
    const arming = kind === 'node' ? this.#armNode(client, path) : this.#armChildren(client, path)
    void arming.then((now) => {
      if (client !== this.#client) return
      if (now === undefined) {
        // Without the link it is armed when that is back.
        this.#armed.delete(key)
        return
      }
      const known = isKnown(this.#marks.get(key), now)
      this.#marks.set(key, now)
      if (!known) this.#listeners.call(kind, path)
    })
  }

  /** Undefined when the watch does not stand. */
  async #armNode(client: ZooKeeperClient, path: string): Promise<Mark | undefined> {
    const { outcome, value } = await client.exists(this.#absolute(path), { watch: true })
    if (value !== undefined) return { czxid: value.czxid, changes: value.version }
    return outcome === 'missing' ? 'missing' : undefined
  }

  /** While there is no such node, a watch for its creation stands instead. */
  async #armChildren(client: ZooKeeperClient, path: string): Promise<Mark | undefined> {
    for (let tries = 0; tries < armingsMax; tries++) {
      const { outcome, value } = await client.children(this.#absolute(path), { watch: true })
      if (value !== undefined) {
        // It was created after whoever watches it may have read that there is none.
        if (tries > 0) this.#listeners.call('children', path)
        return { czxid: value.stat.czxid, changes: value.stat.cversion }
      }
      if (outcome !== 'missing') return undefined
      const node = await client.exists(this.#absolute(path), { watch: true })
      if (node.outcome === 'missing') return 'missing'
      if (node.outcome !== 'done') return undefined
    }
    return undefined
  }
}

function sameMark(before: Mark | undefined, now: Mark): boolean {
  if (before === undefined || before === 'missing' || now === 'missing') return before === now
  return before.czxid === now.czxid && before.changes === now.changes
}

/** Whether the change that was told of leads from one to the other, and no other one. */
function isThatChange(event: ChangeEvent, before: Mark | undefined, now: Mark): boolean {
  switch (event) {
    case 'created':
      return now !== 'missing' && now.changes === 0
    case 'deleted':
      return now === 'missing'
    case 'changed':
    case 'child':
      return (
        before !== undefined &&
        before !== 'missing' &&
        sameMark({ czxid: before.czxid, changes: before.changes + 1 }, now)
      )
  }
}
