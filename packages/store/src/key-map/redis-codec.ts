// What the key map writes into Redis. No I/O here.
//
//   prefix + name                          volume:offset:length, and :t appended for a tombstone (both replaceable)
//   "\0backpack"                           hash: store id → prefix, of every store in this database
//   prefix + "\0backpack:" + store id      hash, the marker: volume id → how far it is applied; codec → a sample
//   … + ":token"                           what the process that owns the map last set
// Names hold no control characters, so none of these can be a blob's key.
import type { RedisOptions } from '../options.js'
import { superblockBytes } from '../volume/superblock.js'
import { volumeIdMax } from '../volume/volume-file.js'
import type { KeyMapEntry } from './key-map.js'

export const registryKey = '\0backpack'
const needleBytesMax = 2 ** 31
const plainValue = /^(\d{1,7}):(\d{1,10}):(\d{1,10})(:t)?$/
const sampleName = Buffer.from('photos/1.jpg')
const samples: readonly KeyMapEntry[] = [
  { volumeId: 1, offsetBytes: superblockBytes, lengthBytes: 72, tombstone: true },
  { volumeId: volumeIdMax, offsetBytes: 3_000_000_000, lengthBytes: 1_000_000_008, tombstone: false },
]

export type RedisCodecOptions = Pick<RedisOptions, 'prefix' | 'encodeKey' | 'encodeValue' | 'decodeValue'>

export class RedisCodec {
  readonly prefix: string
  readonly markerKey: string
  readonly tokenKey: string
  /** The 2013 store kept its files there, in a hash. */
  readonly filesKey: string
  /** Differs between any two codecs that would not read each other's keys and values. */
  readonly sample: string
  readonly #prefixBytes: Buffer
  readonly #ownBytes: Buffer
  readonly #encodeKey: (name: Buffer) => Buffer
  readonly #encodeValue: (entry: KeyMapEntry) => string | Buffer
  readonly #decodeValue: (value: Buffer) => KeyMapEntry | undefined

  constructor(options: RedisCodecOptions, storeId: string) {
    this.prefix = options.prefix
    this.markerKey = `${options.prefix}${registryKey}:${storeId}`
    this.tokenKey = `${this.markerKey}:token`
    this.filesKey = `${options.prefix}files`
    this.#prefixBytes = Buffer.from(options.prefix)
    this.#ownBytes = Buffer.from(options.prefix + registryKey)
    this.#encodeKey = options.encodeKey ?? ((name) => name)
    this.#encodeValue = options.encodeValue ?? encodePlainValue
    this.#decodeValue = options.decodeValue ?? decodePlainValue
    this.sample = [this.#encodeKey(sampleName), ...samples.map((entry) => this.encodeValue(entry))]
      .map((bytes) => bytes.toString('hex'))
      .join(' ')
  }

  /** Whether values come back as they were given; a pair of serialisers for which they do not would lose blobs. */
  isSound(): boolean {
    return samples.every((sample) => {
      const entry = this.decode(this.encodeValue(sample))
      return (
        entry !== undefined &&
        standsWhere(entry, sample) &&
        entry.lengthBytes === sample.lengthBytes &&
        entry.tombstone === sample.tombstone
      )
    })
  }

  keyOf(name: Buffer): Buffer {
    const key = this.#encodeKey(name)
    return this.#prefixBytes.length === 0 ? key : Buffer.concat([this.#prefixBytes, key])
  }

  /** Whether a key below the prefix is the map's bookkeeping, and so no blob's. */
  isOwn(key: Buffer): boolean {
    return key.subarray(0, this.#ownBytes.length).equals(this.#ownBytes)
  }

  /** For SCAN: every key that begins with the prefix. */
  get pattern(): string {
    return `${this.prefix.replace(/[\\*?[\]^-]/g, '\\$&')}*`
  }

  encodeValue(entry: KeyMapEntry): Buffer {
    const value = this.#encodeValue(entry)
    return typeof value === 'string' ? Buffer.from(value) : value
  }

  /** Undefined when the value cannot be a location. */
  decode(value: Buffer): KeyMapEntry | undefined {
    let entry: KeyMapEntry | undefined
    try {
      entry = this.#decodeValue(value)
    } catch {
      return undefined
    }
    if (entry === undefined) return undefined
    const { volumeId, offsetBytes, lengthBytes } = entry
    const possible =
      isWithin(volumeId, 1, volumeIdMax) &&
      isWithin(offsetBytes, superblockBytes, 2 ** 32) &&
      offsetBytes % 8 === 0 &&
      isWithin(lengthBytes, 1, needleBytesMax)
    return possible ? entry : undefined
  }
}

export function standsWhere(entry: KeyMapEntry, other: KeyMapEntry): boolean {
  return entry.volumeId === other.volumeId && entry.offsetBytes === other.offsetBytes
}

function encodePlainValue({ volumeId, offsetBytes, lengthBytes, tombstone }: KeyMapEntry): string {
  return `${volumeId}:${offsetBytes}:${lengthBytes}${tombstone ? ':t' : ''}`
}

function decodePlainValue(value: Buffer): KeyMapEntry | undefined {
  const [, volumeId, offsetBytes, lengthBytes, tombstone] = plainValue.exec(value.toString('latin1')) ?? []
  if (volumeId === undefined) return undefined
  return {
    volumeId: Number(volumeId),
    offsetBytes: Number(offsetBytes),
    lengthBytes: Number(lengthBytes),
    tombstone: tombstone !== undefined,
  }
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}
