// Follows the model in the tree and gives it as frozen snapshots. While the tree is away the last one stays.
import { buildSnapshot } from './build-snapshot.js'
import type { ClusterSnapshot, ShardAccess } from './cluster-snapshot.js'
import { isClusterError } from './errors.js'
import type { ShardAclEntry } from './schema/acl-schemas.js'
import type { ShardSize } from './schema/znode-schemas.js'
import type { ClusterTree } from './tree/cluster-tree.js'
import { WatchedDaemons } from './watched-daemons.js'
import { WatchedZnode } from './watched-znode.js'
import { queueCodec, serversMapCodec, shardAclCodec, shardSizeCodec, shardsMapCodec } from './znode-codec.js'
import { treePaths } from './znode-paths.js'

/** Changes that come this close together make one snapshot. */
const settleMs = 20
/** After a read that failed. */
const retryMs = 1_000
/**
 * So long what changed while it was read is read again before a snapshot is made of it after all: longer than a burst of edits
 * takes, and short enough for a model that never rests, as one of many shards whose sizes are published.
 */
const readingMsMax = 1_500

export interface ClusterWatch {
  /** The model as last read; another object after each change, never changed itself. */
  readonly snapshot: ClusterSnapshot

  /** Calls `changed` with each new snapshot. It must not throw. Gives the way to stop it. */
  onChange(changed: (snapshot: ClusterSnapshot) => void): () => void

  /** Stops following; the tree stays open. Idempotent. */
  close(): void
}

/**
 * Resolves after the first complete read; throws TREE_AWAY or TREE_CLOSED when that fails. Znodes that are missing count
 * as empty, one that cannot be understood keeps its last value, and both are said in `snapshot.problems`.
 */
export async function watchCluster(tree: ClusterTree): Promise<ClusterWatch> {
  const watch = new TreeWatch(tree)
  try {
    await watch.start()
  } catch (error) {
    watch.close()
    throw error
  }
  return watch
}

interface Source {
  read(): Promise<void>
  close(): void
}

class TreeWatch implements ClusterWatch {
  readonly #tree: ClusterTree
  readonly #servers
  readonly #shards
  readonly #queue
  readonly #adminAcl
  readonly #daemons
  readonly #sizes = new Map<string, WatchedZnode<ShardSize>>()
  readonly #acls = new Map<string, WatchedZnode<ShardAclEntry>>()
  /** What has to be read again. */
  readonly #stale = new Set<Source>()
  readonly #listeners = new Set<(snapshot: ClusterSnapshot) => void>()
  #snapshot: ClusterSnapshot
  #timer: NodeJS.Timeout | undefined
  #reading = false
  #closed = false

  constructor(tree: ClusterTree) {
    this.#tree = tree
    this.#servers = this.#follow((changed) => {
      return new WatchedZnode(tree, treePaths.serversMap, serversMapCodec, { changed })
    })
    this.#shards = this.#follow((changed) => {
      return new WatchedZnode(tree, treePaths.shardsMap, shardsMapCodec, { changed })
    })
    this.#queue = this.#follow((changed) => {
      return new WatchedZnode(tree, treePaths.queue, queueCodec, { changed })
    })
    this.#adminAcl = this.#follow((changed) => {
      return new WatchedZnode(tree, treePaths.adminAcl, shardAclCodec, { changed, optional: true })
    })
    this.#daemons = this.#follow((changed) => new WatchedDaemons(tree, changed))
    this.#snapshot = this.#build()
  }

  get snapshot(): ClusterSnapshot {
    return this.#snapshot
  }

  async start(): Promise<void> {
    this.#reading = true
    try {
      await this.#readStale()
    } finally {
      this.#reading = false
    }
    this.#snapshot = this.#build()
    if (this.#stale.size > 0) this.#readSoon(settleMs)
  }

  onChange(changed: (snapshot: ClusterSnapshot) => void): () => void {
    // A function of its own for each call: the same listener may be given twice.
    const listener = (snapshot: ClusterSnapshot) => changed(snapshot)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#listeners.clear()
    for (const source of [...this.#znodes(), this.#daemons]) source.close()
  }

  /** A source that is stale from its beginning, and at each change. */
  #follow<S extends Source>(make: (changed: () => void) => S): S {
    const source: S = make(() => {
      this.#stale.add(source)
      this.#readSoon(settleMs)
    })
    this.#stale.add(source)
    return source
  }

  #readSoon(waitMs: number): void {
    if (this.#closed || this.#reading || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#readAndPublish()
    }, waitMs)
  }

  async #readAndPublish(): Promise<void> {
    this.#reading = true
    let waitMs = settleMs
    try {
      await this.#readStale()
    } catch (error) {
      if (!isClusterError(error)) throw error
      // The tree is away: what is stale stays so, and the last snapshot too.
      if (error.code === 'TREE_CLOSED') this.close()
      waitMs = retryMs
    } finally {
      this.#reading = false
    }
    if (this.#closed) return
    if (waitMs === settleMs) this.#publish()
    if (this.#stale.size > 0) this.#readSoon(waitMs)
  }

  /**
   * Reads until nothing has changed meanwhile, so that servers, shards and sizes of one moment come together: a tree tells
   * of a change before it gives what came later.
   */
  async #readStale(): Promise<void> {
    const endsAtMs = performance.now() + readingMsMax
    while (this.#stale.size > 0 && performance.now() < endsAtMs) {
      const sources = [...this.#stale]
      this.#stale.clear()
      try {
        await Promise.all(sources.map((source) => source.read()))
      } catch (error) {
        for (const source of sources) this.#stale.add(source)
        throw error
      }
      if (this.#closed) return
      this.#followShards(this.#sizes, (id, changed) => {
        return new WatchedZnode(this.#tree, treePaths.shardSize(id), shardSizeCodec, { changed })
      })
      this.#followShards(this.#acls, (id, changed) => {
        return new WatchedZnode(this.#tree, treePaths.shardAcl(id), shardAclCodec, {
          changed,
          optional: true,
        })
      })
    }
  }

  /** One znode for each shard there is, and for no others. */
  #followShards<Value>(
    followed: Map<string, WatchedZnode<Value>>,
    make: (id: string, changed: () => void) => WatchedZnode<Value>,
  ): void {
    const shards = this.#shards.value
    for (const [id, znode] of followed) {
      if (shards?.has(id) === true) continue
      znode.close()
      followed.delete(id)
      this.#stale.delete(znode)
    }
    for (const id of shards?.keys() ?? []) {
      if (!followed.has(id))
        followed.set(
          id,
          this.#follow((changed) => make(id, changed)),
        )
    }
  }

  #znodes(): WatchedZnode<unknown>[] {
    return [
      this.#servers,
      this.#shards,
      this.#queue,
      this.#adminAcl,
      ...this.#sizes.values(),
      ...this.#acls.values(),
    ]
  }

  #publish(): void {
    const snapshot = this.#build()
    if (sameSnapshot(snapshot, this.#snapshot)) return
    this.#snapshot = snapshot
    for (const listener of [...this.#listeners]) listener(snapshot)
  }

  #build(): ClusterSnapshot {
    const sizes = [...this.#sizes].flatMap(([id, { value }]) =>
      value === undefined ? [] : [[id, value] as const],
    )
    const acls = [...this.#acls].flatMap(([id, znode]) => {
      const acl = aclOf(znode)
      return acl === undefined ? [] : [[id, acl] as const]
    })
    return buildSnapshot({
      servers: this.#servers.value ?? new Map(),
      shards: this.#shards.value ?? new Map(),
      sizes: new Map(sizes),
      acls: new Map(acls),
      adminAcl: aclOf(this.#adminAcl),
      queue: this.#queue.value,
      daemons: this.#daemons.entries,
      problems: [...this.#znodes().flatMap(({ problem }) => problem ?? []), ...this.#daemons.problems],
    })
  }
}

/** One that is there and was never understood keeps everybody out; so does one that could not be asked for. */
function aclOf({ value, neverThere }: WatchedZnode<ShardAclEntry>): ShardAclEntry | 'unreadable' | undefined {
  return value ?? (neverThere ? undefined : 'unreadable')
}

/** After a reconnection everything is read again, most often for nothing. */
function sameSnapshot(one: ClusterSnapshot, other: ClusterSnapshot): boolean {
  return describe(one) === describe(other)
}

function describe({ servers, shards, adminAccess, ...rest }: ClusterSnapshot): string {
  const accesses = [...[...shards.values()].map(({ access }) => access), adminAccess].map(describeAccess)
  return JSON.stringify([[...servers.values()], [...shards.values()], accesses, rest])
}

/** Secrets do not show themselves, so that a token that was changed has to be looked at. The text goes nowhere. */
function describeAccess(access: ShardAccess): unknown {
  if (typeof access === 'string') return access
  return [...access.users.values()].map(({ user, token, flags }) => [user, token.reveal(), flags])
}
