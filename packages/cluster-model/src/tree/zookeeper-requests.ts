// Runs requests within a deadline, and again after the link was lost on the way: nobody knows then whether a change was made,
// so each kind of change finds out, in the state that it meets, or says that it does not know.
import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterError, codeOf } from '../errors.js'
import { operationMs, treeErrors } from './tree-rules.js'
import type { ZooKeeperClient, ZooKeeperNode } from './zookeeper-client.js'
import { type Answer, errorOf } from './zookeeper-errors.js'
import type { ZooKeeperLink } from './zookeeper-link.js'

/** Between a request that was lost and the next: the client says so before it says that the link is. */
const againMs = 20

/** What an attempt is given: the client, whether one before it was lost, and whether the caller still waits. */
export interface Attempt {
  readonly client: ZooKeeperClient
  readonly wasLost: boolean
  isLate(): boolean
}

export class ZooKeeperRequests {
  readonly #link: ZooKeeperLink
  /** Ephemeral nodes that nobody was told of, since their creation took too long: by path, the session's id. */
  readonly #doubts = new Map<string, string>()

  constructor(link: ZooKeeperLink) {
    this.#link = link
  }

  async get(path: string): Promise<(ZooKeeperNode & { readonly own: boolean }) | undefined> {
    return this.#run(path, async ({ client }) => {
      const answer = await client.get(path)
      if (answer.outcome === 'missing') return done(undefined)
      const node = answer.value
      if (node === undefined) return failed(answer)
      // One in doubt is about to be removed.
      const own = node.stat.ephemeralOwner === client.sessionId && !this.#doubts.has(path)
      return done({ ...node, own })
    })
  }

  async children(path: string): Promise<string[] | undefined> {
    return this.#run(path, async ({ client }) => {
      const answer = await client.children(path)
      if (answer.outcome === 'missing') return done(undefined)
      return answer.value === undefined ? failed(answer) : done([...answer.value.names])
    })
  }

  async set(path: string, data: Buffer, version: number): Promise<number> {
    return this.#run(path, async ({ client, wasLost }) => {
      const answer = await client.set(path, data, version)
      if (answer.value !== undefined) return done(answer.value.version)
      if (answer.outcome !== 'mismatch' || !wasLost) return failed(answer)
      const node = await client.get(path)
      if (node.value === undefined) return failed(node)
      const { stat, data: present } = node.value
      if (stat.version === version + 1) return present.equals(data) ? done(stat.version) : failed(answer)
      // Ours may have been the next version, and somebody else's came after it.
      if (stat.version > version + 1) throw unknown(path)
      return failed(answer)
    })
  }

  async create(path: string, data: Buffer, { ephemeral }: { readonly ephemeral: boolean }): Promise<void> {
    let last: Promise<Answer<void>> | undefined
    let session = ''
    try {
      await this.#run(path, async ({ client, wasLost, isLate }) => {
        await this.#settleDoubt(client, path)
        if (isLate()) return failed(lostAnswer)
        session = client.sessionId
        last = client.create(path, data, { ephemeral })
        const answer = await last
        if (answer.outcome !== 'exists' || !wasLost) return answer
        const node = await client.get(path)
        if (node.value === undefined) return failed(node)
        const { stat, data: present } = node.value
        if (stat.ephemeralOwner !== (ephemeral ? client.sessionId : '0')) return answer
        if (stat.version > 0 && !ephemeral) throw unknown(path)
        return present.equals(data) ? done(undefined) : answer
      })
    } catch (error) {
      const unknownToCaller = codeOf(error) === 'TREE_AWAY'
      if (ephemeral && unknownToCaller && last !== undefined) {
        this.#doubts.set(path, session)
        void last.then(() => this.settleDoubts())
      }
      throw error
    }
  }

  /** Removes the node that is there now, never one that somebody made after it. */
  async remove(path: string, version?: number): Promise<void> {
    let made: number | undefined
    return this.#run(path, async ({ client, wasLost, isLate }) => {
      const node = await client.exists(path)
      if (node.outcome === 'missing' && made !== undefined && wasLost) return done(undefined)
      if (node.value === undefined) return failed(node)
      const { czxid, ephemeralOwner } = node.value
      made ??= czxid
      if (wasLost && czxid !== made) return done(undefined)
      // Of a session that was lost: it goes without us, and another may be made as soon as it has.
      if (wasLost && ephemeralOwner !== '0' && ephemeralOwner !== client.sessionId) return done(undefined)
      if (isLate()) return failed(lostAnswer)
      return client.delete(path, version)
    })
  }

  /** To be called when the link is back. Never throws. */
  settleDoubts(): void {
    for (const path of this.#doubts.keys()) {
      this.#link.client(performance.now() + operationMs).then(
        (client) => this.#settleDoubt(client, path),
        () => undefined,
      )
    }
  }

  /** The node of a creation that was given up is removed, unless it went with its session or never came to be. */
  async #settleDoubt(client: ZooKeeperClient, path: string): Promise<void> {
    const session = this.#doubts.get(path)
    if (session === undefined) return
    if (session === client.sessionId) {
      const node = await client.exists(path)
      if (node.outcome === 'lost') return
      if (node.value?.ephemeralOwner === session) {
        const { outcome } = await client.delete(path, node.value.version)
        if (outcome === 'lost') return
      }
    }
    this.#doubts.delete(path)
  }

  async #run<Value>(path: string, attempt: (given: Attempt) => Promise<Answer<Value>>): Promise<Value> {
    const deadlineMs = performance.now() + operationMs
    const isLate = () => performance.now() >= deadlineMs
    let wasLost = false
    while (true) {
      const client = await this.#link.client(deadlineMs)
      const answer = await withDeadline(attempt({ client, wasLost, isLate }), deadlineMs)
      if (answer === undefined) {
        if (this.#link.state === 'closed') throw treeErrors.closed()
        const message = `ZooKeeper did not answer within ${operationMs} ms; whether a change was made is not known`
        throw new ClusterError('TREE_AWAY', message, { path })
      }
      if (answer.outcome === 'done') return answer.value as Value
      if (answer.outcome !== 'lost') throw errorOf(answer, path)
      wasLost = true
      if (!isLate()) await sleep(againMs)
    }
  }
}

const lostAnswer: Answer<undefined> = { outcome: 'lost', code: -4, value: undefined }

function done<Value>(value: Value): Answer<Value> {
  return { outcome: 'done', code: 0, value }
}

/** The same answer, without what was asked for. */
function failed({ outcome, code }: Answer<unknown>): Answer<never> {
  return { outcome, code, value: undefined }
}

function unknown(path: string): ClusterError {
  const message = `The connection to ZooKeeper was lost on the way; whether ${path} was changed is not known`
  return new ClusterError('TREE_AWAY', message, { path })
}

/** Undefined when it is late. */
async function withDeadline<Value>(promise: Promise<Value>, deadlineMs: number): Promise<Value | undefined> {
  const stop = new AbortController()
  const late = sleep(Math.max(0, deadlineMs - performance.now()), undefined, { signal: stop.signal })
  try {
    return await Promise.race([promise, late])
  } finally {
    stop.abort()
    await late.catch(() => undefined)
  }
}
