// What stands in the znodes: the JSON of 2013, read leniently (numbers or strings, unknown fields kept) and written
// as it was then: ids and ports as strings.
import { z } from 'zod'

/** Servers and shards: a short word without the characters that paths, lists and `<shard>:<name>` need. */
export const idTextSchema = z
  .string()
  .regex(/^(?!__proto__$)[A-Za-z0-9_-]{1,32}$/, 'must be 1 to 32 letters, digits, - or _')

/** An id as it may stand in a file. */
export const idSchema = z.union([z.string(), z.int().min(0).transform(String)]).pipe(idTextSchema)

const portSchema = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^\d{1,5}$/, 'must be a port')
      .transform(Number),
  ])
  .pipe(z.int().min(1).max(65_535))

const sizeSchema = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,16}$/, 'must be bytes')
      .transform(Number),
  ])
  .pipe(z.number().min(0).max(Number.MAX_SAFE_INTEGER))

const hostSchema = z.string().regex(/^[A-Za-z0-9._:-]{1,255}$/, 'must be a host name or address')

export const addressSchema = z.looseObject({ host: hostSchema, port: portSchema })

const shardSchema = z.looseObject({ nodes: z.array(idSchema), read_only: z.boolean().optional() })

/** `/servers-map`: by server id. */
export const serversMapSchema = z
  .record(idSchema, addressSchema)
  .transform((byId) => new Map(Object.entries(byId)))

/** `/shards-map`: by shard id. */
export const shardsMapSchema = z
  .record(idSchema, shardSchema)
  .transform((byId) => new Map(Object.entries(byId)))

/** `/shard-size-<id>`: bytes of one node, not times the copies. */
export const shardSizeSchema = z.looseObject({ capacity: sizeSchema, current: sizeSchema })

/** `/queue`: the Redis servers, and the key of 2013 that ours begin with. */
export const queueSchema = z.looseObject({
  key: z.string().min(1).max(256),
  servers: z.array(addressSchema),
})

/** A child of `/daemons`. */
export const daemonSchema = z.looseObject({
  kind: z.enum(['coordinator', 'replicator', 'store']),
  hostname: z.string(),
  pid: z.int(),
  startedAtMs: z.number(),
  /** Where it listens, if it does. */
  url: z.string().optional(),
  packageVersion: z.string(),
})

export type Address = z.output<typeof addressSchema>
export type ShardEntry = z.output<typeof shardSchema>
export type ServersMap = ReadonlyMap<string, Address>
export type ShardsMap = ReadonlyMap<string, ShardEntry>
export type ShardSize = z.output<typeof shardSizeSchema>
export type QueueConfig = z.output<typeof queueSchema>
export type DaemonRegistration = z.output<typeof daemonSchema>
