// Claims over all servers of the queue: each is asked for its part, and what another server should hand out is given back.
import { asList, asRows, asTexts } from './redis-replies.js'
import { noServer, type RedisServers } from './redis-servers.js'
import type { Claim, ClaimOptions } from './replication-queue.js'
import { decodeTask, isTask } from './task-codec.js'

/** Rounds beyond one for each server, when what was claimed had to be given back. */
const extraRounds = 2
const oldMembersMax = 500
const claimFields = 5

export interface Unreadable {
  readonly member: string
  readonly to: string
  readonly reason: string
}

export interface ClaimResult {
  readonly claims: readonly Claim[]
  /** To be parked. */
  readonly unreadable: readonly Unreadable[]
  /** Of a set of 2013, to be moved. */
  readonly oldMembers: readonly string[]
}

interface Taken {
  readonly server: number
  readonly claim: Claim
  readonly isLater: boolean
}

/** Throws QUEUE_AWAY when no server answers. */
export async function claimFrom(
  servers: RedisServers,
  { limit, leaseMs, exceptTo = [] }: ClaimOptions,
  laterServerMs: number,
): Promise<ClaimResult> {
  const claims: Claim[] = []
  const unreadable: Unreadable[] = []
  const oldMembers = new Set<string>()
  const failures: unknown[] = []
  let open = shuffled(servers.links.map((_, server) => server))
  let answered = false

  const askOne = async (server: number, count: number): Promise<Taken[]> => {
    const args = [count, leaseMs, randomSeed(), laterServerMs, oldMembersMax, ...exceptTo]
    try {
      const [taken, old] = asList(await servers.links[server]?.run('claim', args))
      answered = true
      for (const member of asTexts(old)) oldMembers.add(member)
      const rows = asRows(taken, claimFields)
      if (rows.length < count) open = open.filter((other) => other !== server)
      return rows.flatMap(([member = '', to = '', attempts, queuedAtMs, isLater]) => {
        const task = decodeTask(member)
        if (!isTask(task)) {
          unreadable.push({ member, to, reason: task.reason })
          return []
        }
        const claim = { task, id: member, attempts: Number(attempts), queuedAtMs: Number(queuedAtMs) }
        return [{ server, claim, isLater: isLater === '1' }]
      })
    } catch (error) {
      failures.push(error)
      open = open.filter((other) => other !== server)
      return []
    }
  }

  const roundsMax = servers.links.length + extraRounds
  for (let round = 0; round < roundsMax && open.length > 0 && claims.length < limit; round++) {
    const parts = split(limit - claims.length, open)
    const taken = await Promise.all(parts.map(({ server, count }) => askOne(server, count)))
    const kept = await Promise.all(taken.map((each) => giveBack(servers, each, laterServerMs)))
    claims.push(...kept.flat())
  }
  if (!answered) throw noServer(failures)
  return { claims, unreadable, oldMembers: [...oldMembers] }
}

/**
 * Of tasks that one server gave, those it may give: where it is another server's turn first, that one is asked and keeps
 * the task while it has it; one that does not answer has had its turn.
 */
async function giveBack(
  servers: RedisServers,
  taken: readonly Taken[],
  laterServerMs: number,
): Promise<Claim[]> {
  const asked = taken.filter(({ isLater }) => isLater)
  const [first] = asked
  if (first === undefined) return taken.map(({ claim }) => claim)
  const { server } = first
  const elsewhere = await Promise.all(
    servers.links.map(async (link, other) => {
      if (other === server) return []
      const args = asked.flatMap(({ claim }) => [claim.task.to, claim.id])
      return link.run('holds', args).then(asTexts, () => [])
    }),
  )
  const returned = new Map<Claim, number>()
  for (const [at, { claim }] of asked.entries()) {
    const turns = servers.turnsOf(claim.id)
    const own = turns[server] as number
    const isHeld = elsewhere.some((found, other) => {
      return found[at] === '2' || (found[at] === '1' && (turns[other] as number) < own)
    })
    if (isHeld) returned.set(claim, Math.max(1, own))
  }
  if (returned.size > 0) {
    const args = [...returned].flatMap(([{ id, task }, turn]) => [task.to, 0, turn * laterServerMs, id])
    // Where that fails the lease ends by itself.
    await servers.links[server]?.run('release', ['', ...args]).catch(() => undefined)
  }
  return taken.flatMap(({ claim }) => (returned.has(claim) ? [] : [claim]))
}

/** As even as it goes; servers that would get nothing are left out. */
function split(count: number, open: readonly number[]): { server: number; count: number }[] {
  const least = Math.floor(count / open.length)
  const more = count % open.length
  return open
    .map((server, at) => ({ server, count: least + (at < more ? 1 : 0) }))
    .filter((part) => part.count > 0)
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item)
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31)
}
