// Decides whether the bytes that came on a socket are a request that the fast lane may answer: a GET, HEAD or PUT of a
// blob, complete in one chunk, body included, with headers that change nothing about the answer. In any doubt it is
// not. Pure.
import { isUtf8 } from 'node:buffer'
import { type LaneHeaders, readLaneHeaders } from './lane-headers.js'

const space = 0x20
const percent = 0x25
const headBytesMax = 4096
const headEnd = Buffer.from('\r\n\r\n')
const versionEnd = Buffer.from(' HTTP/1.1\r\n')
/** The first four bytes of a request, little-endian, and where its target begins. */
const methods = {
  GET: { word: 0x2054_4547, targetStart: 4 },
  HEAD: { word: 0x4441_4548, targetStart: 5 },
  PUT: { word: 0x2054_5550, targetStart: 4 },
} as const

export type LaneMethod = keyof typeof methods

/** A header block accepted before; most clients send the same one every time. */
interface KnownHeaders extends LaneHeaders {
  readonly bytes: Buffer
}

const nothingKnown: KnownHeaders = {
  bytes: Buffer.alloc(0),
  bodyBytes: 0,
  contentType: '',
  version: undefined,
  signature: undefined,
}

export class LaneRequest {
  method: LaneMethod = 'GET'
  /** Where the decoded name stands. */
  name: Buffer = Buffer.alloc(0)
  nameStart = 0
  nameEnd = 0
  /** Where the body begins; it goes to the end of the chunk. */
  bodyStart = 0
  /** As it came with a PUT; '' when none did. */
  contentType = ''
  version: bigint | undefined
  /** X-Backpack-Signature of a PUT. */
  signature: string | undefined
  #targetStart = 0
  #targetEnd = 0
  readonly #decoded = Buffer.allocUnsafe(headBytesMax)
  #known = nothingKnown
  #knownWithBody = nothingKnown

  /** True when `chunk` is such a request; the fields above are then set. */
  parse(chunk: Buffer): boolean {
    const method = methodOf(chunk)
    if (method === undefined) return false
    this.method = method
    const { targetStart } = methods[method]
    const targetEnd = this.#readTarget(chunk, targetStart)
    if (targetEnd === undefined) return false
    this.#targetStart = targetStart
    this.#targetEnd = targetEnd
    const start = targetEnd + versionEnd.length
    if (start > chunk.length || chunk.compare(versionEnd, 0, versionEnd.length, targetEnd, start) !== 0) {
      return false
    }
    const headers = this.#readHeaders(chunk, start)
    if (headers === undefined || chunk.length !== start + headers.bytes.length + headers.bodyBytes)
      return false
    this.bodyStart = start + headers.bytes.length
    this.contentType = headers.contentType
    this.version = headers.version
    this.signature = headers.signature
    return true
  }

  /** The target of the request in `chunk`, as it came. */
  targetText(chunk: Buffer): string {
    return chunk.toString('latin1', this.#targetStart, this.#targetEnd)
  }

  #readHeaders(chunk: Buffer, start: number): KnownHeaders | undefined {
    const withBody = this.method === 'PUT'
    const known = withBody ? this.#knownWithBody : this.#known
    const knownEnd = start + known.bytes.length
    if (
      known.bytes.length > 0 &&
      knownEnd <= chunk.length &&
      chunk.compare(known.bytes, 0, known.bytes.length, start, knownEnd) === 0
    ) {
      return known
    }
    const linesEnd = chunk.subarray(0, headBytesMax).indexOf(headEnd, start) + 2
    if (linesEnd < start) return undefined
    const read = readLaneHeaders(chunk, { start, end: linesEnd, withBody })
    if (read === undefined) return undefined
    const headers = { ...read, bytes: Buffer.from(chunk.subarray(start, linesEnd + 2)) }
    if (withBody) this.#knownWithBody = headers
    else this.#known = headers
    return headers
  }

  /** The name as text; undefined when it is not UTF-8. */
  nameText(): string | undefined {
    const { name, nameStart, nameEnd } = this
    if (name === this.#decoded && !isUtf8(name.subarray(nameStart, nameEnd))) return undefined
    return name.toString('utf8', nameStart, nameEnd)
  }

  /** The position behind the target, or undefined when the target is not one for the lane. */
  #readTarget(chunk: Buffer, start: number): number | undefined {
    if (chunk[start] !== 0x2f) return undefined
    const limit = Math.min(chunk.length, headBytesMax)
    let at = start + 1
    let escaped = false
    for (; at < limit; at++) {
      const byte = chunk[at] as number
      if (byte <= space || byte >= 0x7f || byte === 0x23) break
      if (byte === percent) escaped = true
    }
    if (chunk[at] !== space || at === start + 1) return undefined
    if (escaped) return this.#decode(chunk, start + 1, at) && !this.#isReserved() ? at : undefined
    this.name = chunk
    this.nameStart = start + 1
    this.nameEnd = at
    return this.#isReserved() ? undefined : at
  }

  #decode(chunk: Buffer, start: number, end: number): boolean {
    let length = 0
    for (let at = start; at < end; at++) {
      let byte = chunk[at] as number
      if (byte === percent) {
        const high = hexValue(chunk[at + 1])
        const low = hexValue(chunk[at + 2])
        if (high < 0 || low < 0 || at + 2 >= end) return false
        byte = high * 16 + low
        if (byte < space || byte === 0x7f) return false
        at += 2
      }
      this.#decoded[length++] = byte
    }
    this.name = this.#decoded
    this.nameStart = 0
    this.nameEnd = length
    return true
  }

  /** `stats…` and `-/…`, as they stand or decoded, are for the other lane to sort out. */
  #isReserved(): boolean {
    const { name, nameStart, nameEnd } = this
    if (name[nameStart] === 0x2d && name[nameStart + 1] === 0x2f) return true
    return nameEnd - nameStart >= 5 && name.toString('latin1', nameStart, nameStart + 5) === 'stats'
  }
}

function methodOf(chunk: Buffer): LaneMethod | undefined {
  if (chunk.length < 18) return undefined
  const word = chunk.readUInt32LE(0)
  if (word === methods.GET.word) return 'GET'
  if (word === methods.PUT.word) return 'PUT'
  return word === methods.HEAD.word && chunk[4] === space ? 'HEAD' : undefined
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1
}
