// Options of a coordinator: parsed once, frozen, passed down. Units are in the names.
import {
  ClusterError,
  clusterSecretSchema,
  type ClusterTree,
  type ReplicationQueue,
  type TreeAddress,
} from '@backpack/cluster-model'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { z } from 'zod'
import { type CoordinatorLimits, coordinatorLimits } from './limits.js'
import { type FreeSpaceLimits, noFreeSpaceLimits } from './measure/measurements.js'

const statsdPort = 8125
/** Where files may be large: /tmp is in memory on many machines. */
const largeTemporaryDirectory = '/var/tmp'

/** What the coordinator writes about itself; pino fits. The default writes nothing. */
export interface CoordinatorLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

const silentLog: CoordinatorLog = { info() {}, warn() {}, error() {} }

const isObject = (value: unknown) => typeof value === 'object' && value !== null
const isFunction = (value: unknown) => typeof value === 'function'
const has = (method: string) => (value: unknown) =>
  isObject(value) && typeof (value as Record<string, unknown>)[method] === 'function'

const treeAddressSchema = z.union([
  z.strictObject({ zookeeper: z.string().min(1), root: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
])

const optionsSchema = z.strictObject({
  /** Where the model lives. A tree that is given is not closed by the coordinator. */
  cluster: z.union([
    treeAddressSchema,
    z.custom<ClusterTree>(has('watchNode'), 'must be { zookeeper, root }, { file } or an open tree'),
  ]),
  /** Default: the Redis servers of the model. A queue that is given is not closed by the coordinator. */
  queue: z
    .union([
      z.strictObject({ directory: z.string().min(1) }),
      z.custom<ReplicationQueue>(has('push'), 'must be { directory } or an open queue'),
    ])
    .optional(),
  /** The cluster's secret, 16 to 4,096 bytes: every request to a store is signed with it. Wrapped at once and logged nowhere. */
  clusterSecret: clusterSecretSchema.optional(),
  /** Copies that an upload waits for when it does not say, the first included. */
  copies: z.int().min(1).max(100).default(1),
  /** Bodies above 1 MiB are received there; made when missing. */
  spoolDirectory: z
    .string()
    .min(1)
    .default(() => (existsSync(largeTemporaryDirectory) ? largeTemporaryDirectory : tmpdir())),
  statsd: z
    .strictObject({ host: z.string().min(1), port: z.int().min(1).max(65_535).default(statsdPort) })
    .optional(),
  log: z.custom<CoordinatorLog>(isObject, 'must have info, warn and error').default(silentLog),
  /** Chooses shards; 0 up to and without 1. */
  random: z.custom<() => number>(isFunction).default(() => Math.random),
  /** How full shards may become; asked at every upload, so that it may change. */
  freeSpaceLimits: z.custom<() => FreeSpaceLimits>(isFunction).default(() => () => noFreeSpaceLimits),
  /** The time between two rounds in which the nodes are asked for their statistics, in ms; asked before each. */
  statsEveryMs: z.custom<() => number>(isFunction).optional(),
  limits: z
    .custom<Partial<CoordinatorLimits>>(isObject)
    .default({})
    .transform((limits): CoordinatorLimits => ({ ...coordinatorLimits, ...limits })),
})

export type CoordinatorOptions = z.input<typeof optionsSchema>
export type ResolvedOptions = Readonly<z.output<typeof optionsSchema>>
export type { ClusterTree, ReplicationQueue, TreeAddress }

/** All problems at once, each with its path. Throws INVALID_OPTIONS. */
export function resolveOptions(options: CoordinatorOptions): ResolvedOptions {
  const parsed = optionsSchema.safeParse(options)
  if (parsed.success) return Object.freeze(parsed.data)
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'options'}: ${message}`,
  )
  throw new ClusterError('INVALID_OPTIONS', `Options not accepted: ${problems.join('; ')}`, { problems })
}
