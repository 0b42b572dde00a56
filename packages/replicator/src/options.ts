// Options of a replicator: parsed once, frozen, passed down. Units are in the names.
import {
  ClusterError,
  clusterSecretSchema,
  type ClusterTree,
  type ReplicationQueue,
} from '@backpack/cluster-model'
import { z } from 'zod'
import { type ReplicatorLimits, replicatorLimits } from './limits.js'
import type { RepairLoopLimits } from './repair/repair-loop.js'
import type { RepairLimits } from './repair/repair-shard.js'

const concurrencyMax = 256
const hourMs = 60 * 60 * 1_000
/** Below it an upload through the limit would fall under the slowest rate that a store accepts. */
const bytesPerSecondMin = 32 * 1024

/** What the replicator writes about itself; pino fits. The default writes nothing. */
export interface ReplicatorLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

const silentLog: ReplicatorLog = { info() {}, warn() {}, error() {} }

const isObject = (value: unknown) => typeof value === 'object' && value !== null
const has = (method: string) => (value: unknown) =>
  isObject(value) && typeof (value as Record<string, unknown>)[method] === 'function'

const treeAddressSchema = z.union([
  z.strictObject({ zookeeper: z.string().min(1), root: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
])

const optionsSchema = z
  .strictObject({
    /** Where the model lives. A tree that is given is not closed by the replicator. */
    cluster: z.union([
      treeAddressSchema,
      z.custom<ClusterTree>(has('watchNode'), 'must be { zookeeper, root }, { file } or an open tree'),
    ]),
    /** Default: the Redis servers of the model. A queue that is given is not closed by the replicator. */
    queue: z
      .union([
        z.strictObject({ directory: z.string().min(1) }),
        z.custom<ReplicationQueue>(has('claim'), 'must be { directory } or an open queue'),
      ])
      .optional(),
    /** The cluster's secret, 16 to 4,096 bytes: every request to a store is signed with it. Wrapped at once and logged nowhere. */
    clusterSecret: clusterSecretSchema.optional(),
    /** Tasks under way at once. */
    concurrency: z.int().min(1).max(concurrencyMax).default(16),
    /** Blob bytes copied per second, at most; undefined: as fast as it goes. */
    bandwidthBytesPerSecond: z.int().min(bytesPerSecondMin).optional(),
    /** A task is in the hands of another replicator so long after this one was killed. */
    leaseMs: z.int().min(100).max(hourMs).default(30_000),
    /** Every shard's nodes are compared this often; 0: never, not even a node that needs a repair. */
    repairEveryMs: z
      .int()
      .min(0)
      .default(6 * hourMs),
    /** Where metrics and health are served; they are when there is a port. */
    host: z.string().min(1).default('127.0.0.1'),
    /** 0 picks a free port. */
    port: z.int().min(0).max(65_535).optional(),
    log: z.custom<ReplicatorLog>(isObject, 'must have info, warn and error').default(silentLog),
    limits: z
      .custom<Partial<ReplicatorLimits>>(isObject)
      .default({})
      .transform((limits): ReplicatorLimits => ({ ...replicatorLimits, ...limits })),
    repairLimits: z.custom<Partial<RepairLoopLimits & RepairLimits>>(isObject).default({}),
  })
  .check((context) => {
    const { bandwidthBytesPerSecond, concurrency } = context.value
    if (bandwidthBytesPerSecond === undefined) return
    if (bandwidthBytesPerSecond >= concurrency * bytesPerSecondMin) return
    context.issues.push({
      code: 'custom',
      path: ['bandwidthBytesPerSecond'],
      message: `must be at least ${bytesPerSecondMin} for each of the ${concurrency} tasks under way at once`,
      input: bandwidthBytesPerSecond,
    })
  })

export type ReplicatorOptions = z.input<typeof optionsSchema>
export type ResolvedOptions = Readonly<z.output<typeof optionsSchema>>

/** All problems at once, each with its path. Throws INVALID_OPTIONS. */
export function resolveOptions(options: ReplicatorOptions): ResolvedOptions {
  const parsed = optionsSchema.safeParse(options)
  if (parsed.success) return Object.freeze(parsed.data)
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'options'}: ${message}`,
  )
  throw new ClusterError('INVALID_OPTIONS', `Options not accepted: ${problems.join('; ')}`, { problems })
}
