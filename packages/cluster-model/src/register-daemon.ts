// Makes a running daemon visible to admins: an ephemeral child of /daemons.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { codeOf, isClusterError } from './errors.js'
import type { DaemonRegistration } from './schema/znode-schemas.js'
import type { ClusterTree } from './tree/cluster-tree.js'
import { daemonCodec } from './znode-codec.js'
import { treePaths } from './znode-paths.js'

/** After an attempt that failed while the tree seemed to be there. */
const retryMs = 1_000

export interface RegisterOptions {
  readonly kind: DaemonRegistration['kind']
  /** Where it listens. */
  readonly url?: string | undefined
  readonly packageVersion: string
}

export interface Registration {
  /** Takes the entry away, unless the tree is away: then it goes with the session. Idempotent. */
  close(): Promise<void>
}

/**
 * Resolves once the daemon is registered, or the tree is seen to be away: nobody waits for this entry, and it is made when the
 * tree is back. Throws TREE_CLOSED. From then on the entry is made again whenever it is gone, as after a session that expired.
 */
export async function registerDaemon(tree: ClusterTree, options: RegisterOptions): Promise<Registration> {
  const entry = new DaemonEntryKeeper(tree, options)
  await entry.start()
  return entry
}

class DaemonEntryKeeper implements Registration {
  readonly #tree: ClusterTree
  readonly #path: string
  readonly #data: Buffer
  #stopWatching: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  /** One attempt at a time, in a chain. */
  #attempts: Promise<void> = Promise.resolve()
  #waiting = false
  #closed = false

  constructor(tree: ClusterTree, { kind, url, packageVersion }: RegisterOptions) {
    const host = hostname()
    const name = [kind, host, process.pid, randomBytes(3).toString('hex')].join('-')
    this.#tree = tree
    this.#path = `${treePaths.daemons}/${name.replace(/[^A-Za-z0-9._-]/g, '-')}`
    this.#data = daemonCodec.encode({
      kind,
      hostname: host,
      pid: process.pid,
      startedAtMs: Math.round(Date.now() - process.uptime() * 1_000),
      url,
      packageVersion,
    })
  }

  async start(): Promise<void> {
    try {
      await this.#ensure()
    } catch (error) {
      if (codeOf(error) !== 'TREE_AWAY') throw error
    }
    this.#stopWatching = this.#tree.watchNode(this.#path, () => this.#ensureSoon())
    // It may have gone before it was watched, or is still to be made.
    this.#ensureSoon()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    this.#stopWatching?.()
    await this.#attempts
    try {
      await this.#tree.remove(this.#path)
    } catch (error) {
      if (!isClusterError(error)) throw error
    }
  }

  /** Many changes while an attempt is under way make one more. */
  #ensureSoon(): void {
    if (this.#closed || this.#waiting) return
    this.#waiting = true
    this.#attempts = this.#attempts.then(async () => {
      this.#waiting = false
      if (this.#closed) return
      try {
        await this.#ensure()
      } catch (error) {
        if (!isClusterError(error)) throw error
        // Its return is told through the watch as well; this is for when it was only slow.
        if (error.code !== 'TREE_CLOSED') this.#retryLater()
      }
    })
  }

  #retryLater(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ensureSoon(), retryMs).unref()
  }

  /** The name is random: whatever stands there is ours, if perhaps of a session that is about to end; then we are told. */
  async #ensure(): Promise<void> {
    if ((await this.#tree.get(this.#path)) !== undefined) return
    try {
      await this.#tree.create(this.#path, this.#data, { ephemeral: true })
    } catch (error) {
      const code = codeOf(error)
      if (code === 'NODE_MISSING') {
        await this.#createParent()
        await this.#tree.create(this.#path, this.#data, { ephemeral: true })
      } else if (code !== 'NODE_EXISTS') throw error
    }
  }

  async #createParent(): Promise<void> {
    try {
      await this.#tree.create(treePaths.daemons, Buffer.alloc(0))
    } catch (error) {
      if (codeOf(error) !== 'NODE_EXISTS') throw error
    }
  }
}
