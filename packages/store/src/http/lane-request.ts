// Decides whether the first bytes on a socket are a request that the fast lane may answer: a GET or HEAD of a blob,
// complete in one chunk, with headers that change nothing about the answer. In any doubt it is not. Pure.

const carriageReturn = 0x0d
const lineFeed = 0x0a
const space = 0x20
const percent = 0x25
const colon = 0x3a
const chunkBytesMax = 4096
const headerEnd = Buffer.from('\r\n\r\n')
const versionEnd = Buffer.from(' HTTP/1.1\r\n')

/** Headers that do not change how a blob is served. `connection` only with keep-alive. */
const harmless = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'cookie',
  'dnt',
  'forwarded',
  'origin',
  'pragma',
  'priority',
  'referer',
  'user-agent',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
])
const fieldValue = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

export class LaneRequest {
  head = false
  /** Where the decoded name stands. */
  name: Buffer = Buffer.alloc(0)
  nameStart = 0
  nameEnd = 0
  readonly #decoded = Buffer.allocUnsafe(chunkBytesMax)
  /** Header blocks accepted before; most clients send the same one every time. */
  #knownHeaders: Buffer = Buffer.alloc(0)

  /** True when `chunk` is such a request; its name is then in name[nameStart..nameEnd). */
  parse(chunk: Buffer): boolean {
    const method = chunk.length > chunkBytesMax || chunk.length < 18 ? 0 : chunk.readUInt32LE(0)
    let targetStart: number
    if (method === 0x20544547) {
      this.head = false
      targetStart = 4
    } else if (method === 0x44414548 && chunk[4] === space) {
      this.head = true
      targetStart = 5
    } else {
      return false
    }
    const targetEnd = this.#readTarget(chunk, targetStart)
    if (targetEnd === undefined) return false
    const headersStart = targetEnd + versionEnd.length
    if (
      headersStart > chunk.length ||
      chunk.compare(versionEnd, 0, versionEnd.length, targetEnd, headersStart) !== 0
    )
      return false
    const known = this.#knownHeaders
    if (
      chunk.length - headersStart === known.length &&
      chunk.compare(known, 0, known.length, headersStart) === 0
    )
      return true
    if (!areHarmless(chunk, headersStart)) return false
    this.#knownHeaders = Buffer.from(chunk.subarray(headersStart))
    return true
  }

  /** The position behind the target, or undefined when the target is not one for the lane. */
  #readTarget(chunk: Buffer, start: number): number | undefined {
    if (chunk[start] !== 0x2f) return undefined
    let at = start + 1
    let escaped = false
    for (; at < chunk.length; at++) {
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

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1
}

/** Whether the chunk ends with this request's only header block, and all of it is harmless, with one Host. */
function areHarmless(chunk: Buffer, start: number): boolean {
  if (chunk.indexOf(headerEnd, start) !== chunk.length - headerEnd.length) return false
  let hosts = 0
  let at = start
  const end = chunk.length - 2
  while (at < end) {
    const lineEnd = chunk.indexOf(carriageReturn, at)
    if (chunk[lineEnd + 1] !== lineFeed) return false
    const nameEnd = chunk.indexOf(colon, at)
    if (nameEnd <= at || nameEnd > lineEnd) return false
    const name = chunk.toString('latin1', at, nameEnd).toLowerCase()
    const value = chunk.toString('latin1', nameEnd + 1, lineEnd).trim()
    if (!fieldValue.test(value)) return false
    if (name === 'host') {
      if (++hosts > 1 || !/^[\w.:[\]-]*$/.test(value)) return false
    } else if (name === 'connection') {
      if (value.toLowerCase() !== 'keep-alive') return false
    } else if (!harmless.has(name)) {
      return false
    }
    at = lineEnd + 2
  }
  return hosts === 1
}
