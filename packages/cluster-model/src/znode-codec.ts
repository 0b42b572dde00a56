// Between a znode's bytes and its value. Reads what schema/znode-schemas.ts allows and keeps fields it does not know;
// writes as in 2013: ids and ports as strings.
import type { z } from 'zod'
import { ClusterError } from './errors.js'
import { type ShardAclEntry, shardAclSchema } from './schema/acl-schemas.js'
import {
  type Address,
  type DaemonRegistration,
  daemonSchema,
  type QueueConfig,
  queueSchema,
  type ServersMap,
  serversMapSchema,
  type ShardEntry,
  type ShardSize,
  shardSizeSchema,
  type ShardsMap,
  shardsMapSchema,
} from './schema/znode-schemas.js'

export interface ZnodeCodec<Value> {
  /** Throws MODEL_INVALID; `path` is for its message. */
  decode(path: string, data: Buffer): Value
  encode(value: Value): Buffer
}

const problemsShownMax = 3

export const serversMapCodec: ZnodeCodec<ServersMap> = {
  decode: (path, data) => decode(serversMapSchema, path, data),
  encode: (servers) => encode(byId(servers, writeAddress)),
}

export const shardsMapCodec: ZnodeCodec<ShardsMap> = {
  decode: (path, data) => decode(shardsMapSchema, path, data),
  encode: (shards) => encode(byId(shards, writeShard)),
}

export const shardSizeCodec: ZnodeCodec<ShardSize> = {
  decode: (path, data) => decode(shardSizeSchema, path, data),
  encode,
}

export const shardAclCodec: ZnodeCodec<ShardAclEntry> = {
  decode: (path, data) => decode(shardAclSchema, path, data, { secret: true }),
  // The one place where a token is written.
  encode: ({ acl, ...rest }) =>
    encode({ acl: acl.map(({ token, ...entry }) => ({ ...entry, token: token.reveal() })), ...rest }),
}

export const queueCodec: ZnodeCodec<QueueConfig> = {
  decode: (path, data) => decode(queueSchema, path, data),
  encode: (queue) => encode({ ...queue, servers: queue.servers.map(writeAddress) }),
}

export const daemonCodec: ZnodeCodec<DaemonRegistration> = {
  decode: (path, data) => decode(daemonSchema, path, data),
  encode,
}

function decode<Schema extends z.ZodType>(
  schema: Schema,
  path: string,
  data: Buffer,
  { secret = false }: { readonly secret?: boolean } = {},
): z.output<Schema> {
  let json: unknown
  try {
    json = JSON.parse(data.toString('utf8'))
  } catch (cause) {
    // What the parser says quotes the text, tokens included.
    throw new ClusterError('MODEL_INVALID', `${path} is not JSON`, { path, ...(secret ? {} : { cause }) })
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const { issues } = parsed.error
  const shown = issues.slice(0, problemsShownMax).map((issue) => {
    return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`
  })
  const more = issues.length > shown.length ? `; and ${issues.length - shown.length} more` : ''
  throw new ClusterError('MODEL_INVALID', `${path} cannot be read: ${shown.join('; ')}${more}`, { path })
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function byId<Entry>(entries: ReadonlyMap<string, Entry>, write: (entry: Entry) => object): object {
  return Object.fromEntries([...entries].map(([id, entry]) => [id, write(entry)]))
}

/** Unknown fields stay where they were. */
function writeAddress(address: Address): object {
  return { ...address, port: String(address.port) }
}

/** A writable shard has no `read_only` at all, as in 2013. */
function writeShard({ read_only, ...shard }: ShardEntry): object {
  return read_only === true ? { ...shard, read_only } : shard
}
