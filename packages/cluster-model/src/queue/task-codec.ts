// Between a task and its member: the text that stands for it on every server of the queue. Equal tasks have equal members.
import { z } from 'zod'
import { ClusterError } from '../errors.js'
import { idSchema } from '../schema/znode-schemas.js'
import type { Task } from './replication-queue.js'

/** A name of 1,024 bytes with every byte escaped is shorter. */
const pathCharactersMax = 4_096
const sourcesMax = 64
const reasonCharactersMax = 500
/** Of what cannot be read, so much is shown. */
const shownCharactersMax = 200

const pathSchema = z
  .string()
  .max(pathCharactersMax, `must have at most ${pathCharactersMax} characters`)
  .regex(/^\/[^\p{Cc}]+$/u, 'must be / and a name without control characters')

const taskSchema = z.object({
  // Tasks of 2013 are copies and say neither that nor shard and version.
  op: z.enum(['copy', 'delete']).default('copy'),
  shard: idSchema.optional(),
  path: pathSchema,
  version: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'must be sixteen hex digits')
    .optional(),
  from: z.array(idSchema).max(sourcesMax),
  to: idSchema,
})

/** The member of a task: JSON with its fields in one order. Throws TASK_INVALID with what is wrong. */
export function encodeTask(task: Task): string {
  const parsed = taskSchema.safeParse(task)
  if (!parsed.success) throw new ClusterError('TASK_INVALID', `No task: ${describe(parsed.error)}`, { task })
  const { op, shard, path, version, from, to } = parsed.data
  return JSON.stringify({ op, shard, path, version, from, to })
}

/** The task of a member, also of 2013; or why there is none. */
export function decodeTask(member: string): Task | { readonly reason: string } {
  let json: unknown
  try {
    json = JSON.parse(member)
  } catch {
    return { reason: 'Not readable as a task: no JSON' }
  }
  const parsed = taskSchema.safeParse(json)
  if (!parsed.success) return { reason: `Not readable as a task: ${describe(parsed.error)}` }
  const { op, shard, path, version, from, to } = parsed.data
  return Object.freeze({ op, shard, path, version, from: Object.freeze(from), to })
}

export function isTask(decoded: Task | { readonly reason: string }): decoded is Task {
  return 'op' in decoded
}

/** What stands for a task in a list of parked ones when its member cannot be read: the beginning of its text as the path. */
export function unreadableTask(member: string): Task {
  const path = member.slice(0, shownCharactersMax)
  return Object.freeze({ op: 'copy', shard: undefined, path, version: undefined, from: [], to: '?' })
}

/** Why a task was parked, no longer than a queue keeps. */
export function cutReason(reason: string): string {
  return reason.slice(0, reasonCharactersMax)
}

function describe({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'task'}: ${message}`).join('; ')
}
