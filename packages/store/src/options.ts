// Options of a store: parsed once, frozen, passed down. Units are in the names.
import { z } from 'zod'
import type { DiskFiles } from './disk/disk-files.js'
import { nodeDiskFiles } from './disk/disk-files.js'
import { StoreError } from './errors.js'
import { blobBytesMax } from './needle/needle-format.js'

const mebibyte = 1024 * 1024
/** Offsets are stored in 29 bits of 8 bytes each; this leaves room above the limit for nothing. */
const volumeBytesLimit = 3500 * mebibyte

/** What the store writes about itself; pino fits. The default writes nothing. */
export interface StoreLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

const silentLog: StoreLog = { info() {}, warn() {}, error() {} }

const redisSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(1).max(65535).default(6379),
  db: z.int().min(0).default(0),
  /** Put before every key; '' gives the plain keys of 2013. Of stores in one database none may begin another's. */
  prefix: z.string().default(''),
  /** Turns a name (UTF-8) into its key and back never; must be injective and not begin with a NUL. */
  encodeKey: z.custom<(name: Buffer) => Buffer>((value) => typeof value === 'function').optional(),
  encodeValue: z
    .custom<(entry: RedisValue) => string | Buffer>((value) => typeof value === 'function')
    .optional(),
  decodeValue: z
    .custom<(value: Buffer) => RedisValue | undefined>((value) => typeof value === 'function')
    .optional(),
  /** A command without an answer after this long counts as Redis being away. */
  commandTimeoutMs: z.int().min(10).default(2_000),
})

/** What a Redis value says: where the needle of a name stands; a deleted blob's is a tombstone. */
export interface RedisValue {
  readonly volumeId: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly tombstone: boolean
}

const optionsSchema = z.strictObject({
  /** The data directory; made when missing. */
  path: z.string().min(1),
  /** 'sync' acknowledges once the blob survives a power cut, 'os' once the operating system has it. */
  durability: z.enum(['sync', 'os']).default('sync'),
  /** Takes no lock and changes nothing on disk; for looking at a directory beside its daemon. */
  readOnly: z.boolean().default(false),
  keyMap: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('table') }),
      z.strictObject({ kind: z.literal('redis'), redis: redisSchema.prefault({}) }),
    ])
    .default({ kind: 'table' }),
  /** A volume is closed for writing before it grows past this. */
  volumeBytesMax: z.int().min(4096).max(volumeBytesLimit).default(volumeBytesLimit),
  blobBytesMax: z.int().min(1).max(blobBytesMax).default(blobBytesMax),
  /** Disk space never written to; undefined: one volume and 2 % of the disk. */
  reserveBytes: z.int().min(0).optional(),
  /** Memory for uploads, and for downloads of blobs above 1 MiB, together. */
  memoryBytesMax: z
    .int()
    .min(2 * mebibyte)
    .default(160 * mebibyte),
  /** Blobs that may share one write and one sync. */
  batchBlobsMax: z.int().min(1).max(4096).default(1024),
  /** How far the index logs, and with durability 'os' the syncs, may lag behind. */
  flushIntervalMs: z.int().min(10).max(60_000).default(1_000),
  /** How long a caller may wait for memory before STORE_BUSY. */
  waitMsMax: z.int().min(1).default(10_000),
  /** Bits of the name hash that the table uses; fewer force collisions in tests. */
  hashBits: z.int().min(1).max(64).default(64),
  log: z.custom<StoreLog>((value) => typeof value === 'object' && value !== null).default(silentLog),
  /** The file system; tests put one underneath that fails. */
  files: z.custom<DiskFiles>((value) => typeof value === 'object' && value !== null).default(nodeDiskFiles),
  /** Called once when the store cannot even record that a volume is bad: the process should exit. */
  onFatal: z.custom<(error: Error) => void>((value) => typeof value === 'function').optional(),
})

export type StoreOptions = z.input<typeof optionsSchema>
export type ResolvedOptions = Readonly<z.output<typeof optionsSchema>>
export type RedisOptions = Readonly<z.output<typeof redisSchema>>

/** All problems at once, each with its path. Throws INVALID_OPTIONS. */
export function resolveOptions(options: StoreOptions): ResolvedOptions {
  const parsed = optionsSchema.safeParse(options)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'options'}: ${message}`,
    )
    throw new StoreError('INVALID_OPTIONS', `Options not accepted: ${problems.join('; ')}`, { problems })
  }
  return Object.freeze(parsed.data)
}
