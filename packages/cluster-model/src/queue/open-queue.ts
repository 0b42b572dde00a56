// The queue that the cluster's model names, wherever it moves to.
import type { ClusterSnapshot, QueueAddresses } from '../cluster-snapshot.js'
import { ClusterError } from '../errors.js'
import { type HostAndPort, showAddress } from '../schema/addresses.js'
import { FormerQueue } from './former-queue.js'
import { type QueueLog, silentLog } from './queue-limits.js'
import { RedisQueue, type RedisQueueOptions } from './redis-queue.js'
import type {
  Claim,
  ClaimOptions,
  ParkedTask,
  QueueFigures,
  ReplicationQueue,
  Task,
} from './replication-queue.js'

export interface OpenQueueOptions extends Omit<RedisQueueOptions, 'key' | 'servers'> {
  readonly log?: QueueLog | undefined
}

/** What openQueue() needs of a ClusterWatch. */
export interface QueueWatch {
  readonly snapshot: Pick<ClusterSnapshot, 'queue'>
  onChange(changed: (snapshot: Pick<ClusterSnapshot, 'queue'>) => void): () => void
}

/**
 * A queue that follows the model: servers come and go while it is used, and the key may change. What servers hold that are
 * no longer named is moved, by the processes that ran at the change. Every call throws QUEUE_AWAY while the model names no
 * server. It does not close the watch. Throws INVALID_OPTIONS.
 */
export function openQueue(watch: QueueWatch, options: OpenQueueOptions = {}): ReplicationQueue {
  return new FollowingQueue(watch, options)
}

class FollowingQueue implements ReplicationQueue {
  readonly #options: RedisQueueOptions
  readonly #log: QueueLog
  readonly #stopFollowing: () => void
  readonly #former = new Set<FormerQueue>()
  #addresses: QueueAddresses | undefined
  #present: RedisQueue | undefined
  #closed = false

  constructor(watch: QueueWatch, { log = silentLog, ...options }: OpenQueueOptions) {
    this.#options = { ...options, key: '', servers: [] }
    this.#log = log
    this.#follow(watch.snapshot.queue)
    this.#stopFollowing = watch.onChange(({ queue }) => this.#follow(queue))
  }

  push(tasks: readonly Task[]): Promise<void> {
    return this.#use((queue) => queue.push(tasks))
  }

  claim(options: ClaimOptions): Promise<Claim[]> {
    return this.#use((queue) => queue.claim(options))
  }

  async renew(ids: readonly string[], leaseMs: number): Promise<void> {
    await this.#useFormer((queue) => queue.renew(ids, leaseMs))
    return this.#use((queue) => queue.renew(ids, leaseMs))
  }

  async complete(ids: readonly string[]): Promise<void> {
    await this.#useFormer((queue) => queue.complete(ids))
    return this.#use((queue) => queue.complete(ids))
  }

  fail(id: string, attempts: number): Promise<void> {
    return this.#use((queue) => queue.fail(id, attempts))
  }

  pauseTarget(to: string, pauseMs: number): Promise<void> {
    return this.#use((queue) => queue.pauseTarget(to, pauseMs))
  }

  markTarget(to: string, state: 'failing' | 'answering'): Promise<void> {
    return this.#use((queue) => queue.markTarget(to, state))
  }

  park(id: string, reason: string): Promise<void> {
    return this.#use((queue) => queue.park(id, reason))
  }

  parked(limit: number): Promise<ParkedTask[]> {
    return this.#use((queue) => queue.parked(limit))
  }

  retry(ids?: readonly string[]): Promise<number> {
    return this.#use((queue) => queue.retry(ids))
  }

  beginRepair(to: string): Promise<number | undefined> {
    return this.#use((queue) => queue.beginRepair(to))
  }

  endRepair(to: string): Promise<void> {
    return this.#use((queue) => queue.endRepair(to))
  }

  figures(): Promise<QueueFigures> {
    return this.#use((queue) => queue.figures())
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#stopFollowing()
    await Promise.all([...this.#former].map((former) => former.close()))
    await this.#present?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #use<T>(work: (queue: RedisQueue) => Promise<T>): Promise<T> {
    if (this.#closed) throw new ClusterError('QUEUE_CLOSED', 'The queue is closed')
    if (this.#present === undefined) {
      throw new ClusterError('QUEUE_AWAY', 'The cluster has no queue: name its Redis servers with queue set')
    }
    return work(this.#present)
  }

  /** Tasks that were taken before the queue moved are still known there. */
  async #useFormer(work: (queue: RedisQueue) => Promise<void>): Promise<void> {
    await Promise.allSettled([...this.#former].map(({ queue }) => work(queue)))
  }

  #follow(addresses: QueueAddresses | undefined): void {
    const before = this.#addresses
    if (this.#closed || addresses === undefined || isSame(before, addresses)) return
    const present = this.#present
    this.#addresses = addresses
    if (addresses.servers.length === 0) {
      this.#present = undefined
    } else if (present !== undefined && before?.key === addresses.key) {
      present.useServers(addresses.servers)
    } else {
      this.#present = RedisQueue.open({ ...this.#options, ...addresses })
    }
    if (before !== undefined) this.#leave(before, addresses)
    if (this.#present !== present) void present?.close()
  }

  /** Moves what is on servers that the queue is on no longer, and nothing from one that it came back to. */
  #leave(before: QueueAddresses, addresses: QueueAddresses): void {
    const used = new Set(addresses.servers.map((server) => nameOf(addresses.key, server)))
    for (const former of [...this.#former]) {
      if (!used.has(former.name)) continue
      this.#former.delete(former)
      void former.close()
    }
    for (const server of before.servers) {
      const name = nameOf(before.key, server)
      if (used.has(name)) continue
      const former = new FormerQueue({
        name,
        queue: RedisQueue.open({ ...this.#options, key: before.key, servers: [server] }),
        push: (tasks) => this.push(tasks),
        ended: (outcome) => {
          this.#former.delete(former)
          this.#log.info({ server: name, ...outcome }, 'the queue has left a server')
        },
      })
      this.#former.add(former)
      former.start()
    }
  }
}

function nameOf(key: string, server: HostAndPort): string {
  return `${key} on ${showAddress(server)}`
}

function isSame(before: QueueAddresses | undefined, { key, servers }: QueueAddresses): boolean {
  if (before === undefined) return false
  return before.key === key && before.servers.map(showAddress).join() === servers.map(showAddress).join()
}
