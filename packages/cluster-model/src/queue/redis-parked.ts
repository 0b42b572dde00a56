// Parked tasks over all servers of the queue: each has its own list, and they may differ.
import type { QueueLimits } from './queue-limits.js'
import { asRows, asTexts } from './redis-replies.js'
import type { RedisServers } from './redis-servers.js'
import type { ParkedTask } from './replication-queue.js'
import { decodeTask, isTask, unreadableTask } from './task-codec.js'

const tasksPerScriptMax = 1_000
const parkedFields = 3

/** The first parked first; one that several servers have is listed once. Throws QUEUE_AWAY. */
export async function listParked(servers: RedisServers, limit: number): Promise<ParkedTask[]> {
  const byId = new Map<string, ParkedTask>()
  for (let from = 0; from < limit; from += tasksPerScriptMax) {
    const answers = await servers.runOnAll('listParked', () => [
      from,
      Math.min(tasksPerScriptMax, limit - from),
    ])
    const rows = answers.flatMap(({ reply }) => asRows(reply, parkedFields))
    for (const [id = '', parkedAtMs, reason = ''] of rows) {
      const task = decodeTask(id)
      const shown = isTask(task) ? task : unreadableTask(id)
      byId.set(id, { id, task: shown, reason, parkedAtMs: Number(parkedAtMs) })
    }
    if (rows.length === 0) break
  }
  return [...byId.values()].sort((one, other) => one.parkedAtMs - other.parkedAtMs).slice(0, limit)
}

/** Gives how many there were; those that cannot be read stay parked. Throws QUEUE_AWAY. */
export async function retryParked(
  servers: RedisServers,
  ids: readonly string[] | undefined,
  { parkedMax, laterServerMs }: QueueLimits,
): Promise<number> {
  const wanted = ids ?? (await listParked(servers, 2 * parkedMax)).map(({ id }) => id)
  const members = [...new Set(wanted)].flatMap((id) => {
    const task = decodeTask(id)
    return isTask(task) ? [{ id, to: task.to, turns: servers.turnsOf(id) }] : []
  })
  const retried = new Set<string>()
  for (let from = 0; from < members.length; from += tasksPerScriptMax) {
    const part = members.slice(from, from + tasksPerScriptMax)
    const answers = await servers.runOnAll('retry', (server) => {
      return part.flatMap(({ id, to, turns }) => [to, (turns[server] as number) * laterServerMs, id])
    })
    for (const id of answers.flatMap(({ reply }) => asTexts(reply))) retried.add(id)
  }
  return retried.size
}
