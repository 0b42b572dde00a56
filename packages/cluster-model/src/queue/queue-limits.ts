// Bounds and times of a queue, the same for both kinds.
import { z } from 'zod'
import { ClusterError } from '../errors.js'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

const limitsSchema = z.strictObject({
  /** With so many tasks for one node it comes to need a repair, and further ones are not kept. */
  tasksPerTargetMax: z.int().min(1).default(1_000_000),
  /** So does a node that has failed this long, at the next task for it. */
  failingMsMax: z
    .int()
    .min(1)
    .default(3 * hourMs),
  /** Tasks parked at once; for the node of one that comes after them a repair is asked for instead. */
  parkedMax: z.int().min(1).default(100_000),
  /** Each server of the queue hands out a task this long after the one before it in turn. Redis only. */
  laterServerMs: z.int().min(1).default(minuteMs),
  /** The waits after failures. */
  backoffFirstMs: z.int().min(1).default(secondMs),
  backoffMostMs: z
    .int()
    .min(1)
    .default(5 * minuteMs),
})

export type QueueLimitOptions = z.input<typeof limitsSchema>
export type QueueLimits = Readonly<z.output<typeof limitsSchema>>

/** Throws INVALID_OPTIONS, with all problems. */
export function resolveLimits(options: QueueLimitOptions = {}): QueueLimits {
  const parsed = limitsSchema.safeParse(options)
  if (parsed.success) return Object.freeze(parsed.data)
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'limits'}: ${message}`)
  throw new ClusterError('INVALID_OPTIONS', `Limits not accepted: ${problems.join('; ')}`, { problems })
}

/** What a queue writes about itself; pino fits. */
export interface QueueLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export const silentLog: QueueLog = { info() {}, warn() {} }
