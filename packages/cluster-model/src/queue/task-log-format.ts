// Records of the local queue's log. One line each: CRC-32 in eight hex digits, a space, JSON, a line feed.
import { crc32 } from 'node:zlib'
import { z } from 'zod'

export const logHeading = Buffer.from('backpack-queue 1\n')
const checksumCharacters = 8

const number = z.int().min(0)
const recordSchema = z.union([
  /** number, queued at, member */
  z.tuple([z.literal('add'), number, number, z.string()]),
  z.tuple([z.literal('done'), number]),
  /** number, failures so far */
  z.tuple([z.literal('failed'), number, number]),
  /** number, parked at, reason */
  z.tuple([z.literal('parked'), number, number, z.string()]),
  /** number, queued again at */
  z.tuple([z.literal('retried'), number, number]),
  /** node, since when its tasks are not kept, since when it needed the repair that has begun; 0: neither */
  z.tuple([z.literal('repair'), z.string(), number, number]),
])

/** What happened to the queue; tasks are told apart by a number that is never used again. */
export type LogRecord = z.output<typeof recordSchema>

export function encodeRecord(record: LogRecord): Buffer {
  const json = JSON.stringify(record)
  return Buffer.from(`${checksumOf(Buffer.from(json))} ${json}\n`)
}

/** `line` is without its line feed. Undefined when it is damaged. */
export function decodeRecord(line: Buffer): LogRecord | undefined {
  const json = line.subarray(checksumCharacters + 1)
  if (line.toString('latin1', 0, checksumCharacters + 1) !== `${checksumOf(json)} `) return undefined
  try {
    return recordSchema.parse(JSON.parse(json.toString('utf8')))
  } catch {
    return undefined
  }
}

function checksumOf(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(checksumCharacters, '0')
}
