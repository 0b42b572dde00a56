// The queue of a cluster: every task on each of N independent Redis servers, so that any one of them may fail. A task is due
// at once on one server and later on the others, which ask first. The keys: docs/formats/queue.md.
import { ClusterError } from '../errors.js'
import type { HostAndPort } from '../schema/addresses.js'
import { backoffMs } from './backoff.js'
import { type QueueLimitOptions, type QueueLimits, resolveLimits } from './queue-limits.js'
import { claimFrom, type Unreadable } from './redis-claims.js'
import { mergeFigures } from './redis-figures.js'
import { listParked, retryParked } from './redis-parked.js'
import type { RedisServerLinkOptions } from './redis-server-link.js'
import { type Answer, RedisServers } from './redis-servers.js'
import type {
  Claim,
  ClaimOptions,
  ParkedTask,
  QueueFigures,
  ReplicationQueue,
  Task,
} from './replication-queue.js'
import { cutReason, decodeTask, encodeTask, isTask } from './task-codec.js'

const defaultTimeoutMs = 1_000
/** So many tasks go into one script, which Redis runs in a few ms. */
const tasksPerScriptMax = 1_000
/** So many leases at most end with a pause; what is left of them ends by itself. */
const leasesEndedMax = 1_000

export interface RedisQueueOptions {
  /** What the queue's keys begin with. */
  readonly key: string
  readonly servers: readonly HostAndPort[]
  readonly limits?: QueueLimitOptions | undefined
  /** Default 1,000. Nothing waits longer for a server. */
  readonly commandTimeoutMs?: number | undefined
  /** Default 1,000: so often a silent server is tried again; until it answers it is passed over. */
  readonly silentMs?: number | undefined
}

interface Member {
  readonly id: string
  readonly to: string
  /** Of each server. */
  readonly turns: readonly number[]
}

export class RedisQueue implements ReplicationQueue {
  readonly #limits: QueueLimits
  readonly #linkOptions: RedisServerLinkOptions
  #servers: RedisServers
  #closed = false

  private constructor(servers: RedisServers, linkOptions: RedisServerLinkOptions, limits: QueueLimits) {
    this.#servers = servers
    this.#linkOptions = linkOptions
    this.#limits = limits
  }

  /** Begins to connect; whether servers answer the first call finds out. Throws INVALID_OPTIONS. */
  static open(options: RedisQueueOptions): RedisQueue {
    const { key, servers, commandTimeoutMs = defaultTimeoutMs, silentMs = defaultTimeoutMs } = options
    const linkOptions = { key, commandTimeoutMs, silentMs }
    const limits = resolveLimits(options.limits)
    return new RedisQueue(RedisServers.connect(servers, linkOptions), linkOptions, limits)
  }

  /** From now on the queue is on these servers; connections to those that stay go on. */
  useServers(servers: readonly HostAndPort[]): void {
    this.#assertOpen()
    this.#servers = RedisServers.connect(servers, this.#linkOptions, this.#servers)
  }

  /** One round trip to each server for each thousand tasks. */
  async push(tasks: readonly Task[]): Promise<void> {
    this.#assertOpen()
    if (tasks.length === 0) return
    const { laterServerMs, tasksPerTargetMax, failingMsMax } = this.#limits
    const servers = this.#servers
    const members = tasks.map((task): Member => {
      const id = encodeTask(task)
      return { id, to: task.to, turns: servers.turnsNow(id) }
    })
    let took = new Set(servers.links.keys())
    for (let from = 0; from < members.length; from += tasksPerScriptMax) {
      const part = members.slice(from, from + tasksPerScriptMax)
      const answers = await servers.runOnAll('push', (server) => [
        tasksPerTargetMax,
        failingMsMax,
        ...part.flatMap(({ id, to, turns }) => [to, (turns[server] as number) * laterServerMs, id]),
      ])
      took = new Set(answers.map(({ server }) => server).filter((server) => took.has(server)))
    }
    if (took.size === 0) throw new ClusterError('QUEUE_AWAY', 'No server of the queue took all tasks')
  }

  async claim(options: ClaimOptions): Promise<Claim[]> {
    this.#assertOpen()
    const { laterServerMs } = this.#limits
    const first = await claimFrom(this.#servers, options, laterServerMs)
    await this.#parkUnreadable(first.unreadable)
    const claims = [...first.claims]
    if (first.oldMembers.length === 0) return claims
    await this.#moveOld(first.oldMembers)
    const left = options.limit - claims.length
    if (left > 0)
      claims.push(...(await claimFrom(this.#servers, { ...options, limit: left }, laterServerMs)).claims)
    return claims
  }

  /** Also where a task was not claimed it is not handed out before the lease ends. */
  async renew(ids: readonly string[], leaseMs: number): Promise<void> {
    const { laterServerMs } = this.#limits
    await this.#runWith(
      'renew',
      ids,
      ({ id, to, turns }, server) => {
        return [to, (turns[server] as number) * laterServerMs, id]
      },
      [leaseMs],
    )
  }

  async complete(ids: readonly string[]): Promise<void> {
    await this.#runWith('complete', ids, ({ id, to }) => [to, id])
  }

  async fail(id: string, attempts: number): Promise<void> {
    const { laterServerMs, backoffFirstMs: firstMs, backoffMostMs: mostMs } = this.#limits
    const delayMs = backoffMs(attempts, { firstMs, mostMs }, Math.random())
    await this.#runWith(
      'release',
      [id],
      ({ to, turns }, server) => {
        return [to, delayMs, Math.max(1, turns[server] as number) * laterServerMs, id]
      },
      [attempts + 1],
    )
  }

  async pauseTarget(to: string, pauseMs: number): Promise<void> {
    await this.#run('pause', () => [to, pauseMs, leasesEndedMax])
  }

  async markTarget(to: string, state: 'failing' | 'answering'): Promise<void> {
    await this.#run('mark', () => [to, state])
  }

  async park(id: string, reason: string): Promise<void> {
    const task = decodeTask(id)
    const to = isTask(task) ? task.to : ''
    await this.#run('park', () => [this.#limits.parkedMax, cutReason(reason), 0, to, id])
  }

  async parked(limit: number): Promise<ParkedTask[]> {
    this.#assertOpen()
    return listParked(this.#servers, limit)
  }

  async retry(ids?: readonly string[]): Promise<number> {
    this.#assertOpen()
    return retryParked(this.#servers, ids, this.#limits)
  }

  async beginRepair(to: string): Promise<number | undefined> {
    const answers = await this.#run('beginRepair', () => [to])
    const times = answers.flatMap(({ reply }) => (reply === null ? [] : [Number(reply)]))
    return times.length === 0 ? undefined : Math.min(...times)
  }

  async endRepair(to: string): Promise<void> {
    await this.#run('endRepair', () => [to])
  }

  async figures(): Promise<QueueFigures> {
    const answers = await this.#run('figures', () => [this.#limits.laterServerMs])
    return mergeFigures(
      answers.map(({ reply }) => reply),
      this.#servers.links.length,
    )
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#servers.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Runs a script about tasks; ids that are none are passed over. */
  async #runWith(
    script: 'renew' | 'complete' | 'release',
    ids: readonly string[],
    argsFor: (member: Member, server: number) => readonly (string | number)[],
    before: readonly (string | number)[] = [],
  ): Promise<void> {
    this.#assertOpen()
    const servers = this.#servers
    const members = ids.flatMap((id) => {
      const task = decodeTask(id)
      return isTask(task) ? [{ id, to: task.to, turns: servers.turnsOf(id) }] : []
    })
    for (let from = 0; from < members.length; from += tasksPerScriptMax) {
      const part = members.slice(from, from + tasksPerScriptMax)
      await servers.runOnAll(script, (server) => {
        return [...before, ...part.flatMap((member) => argsFor(member, server))]
      })
    }
  }

  #run(
    script: 'pause' | 'mark' | 'park' | 'beginRepair' | 'endRepair' | 'figures',
    argsFor: () => readonly (string | number)[],
  ): Promise<Answer[]> {
    this.#assertOpen()
    return this.#servers.runOnAll(script, argsFor)
  }

  async #parkUnreadable(unreadable: readonly Unreadable[]): Promise<void> {
    for (const { member, to, reason } of unreadable) {
      await this.#servers.runOnAll('park', () => [this.#limits.parkedMax, cutReason(reason), 1, to, member])
    }
  }

  /** Tasks of a set of 2013 become tasks here; only then they go from the set. */
  async #moveOld(members: readonly string[]): Promise<void> {
    const decoded = members.map((member) => ({ member, task: decodeTask(member) }))
    await this.push(decoded.flatMap(({ task }) => (isTask(task) ? [task] : [])))
    await this.#parkUnreadable(
      decoded.flatMap(({ member, task }) => (isTask(task) ? [] : [{ member, to: '', reason: task.reason }])),
    )
    await this.#servers.runOnAll('dropOld', () => members)
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClusterError('QUEUE_CLOSED', 'The queue is closed')
  }
}
