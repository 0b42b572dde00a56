// Which header blocks the fast lane may take: those that change nothing about how a blob is served or stored. Pure.
import { parseVersion } from '../needle/blob-version.js'

const carriageReturn = 0x0d
const lineFeed = 0x0a
const colon = 0x3a
/** More are for node:http to count. */
const headersMax = 64
const fieldValue = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
/** What HTTP lets stand around a value; trim() would take more, such as the no-break space. */
const outerSpace = /^[ \t]+|[ \t]+$/g
const hostValue = /^[\w.:[\]-]*$/
const lengthValue = /^[1-9]\d{0,6}$/
const bodyHeaders = new Set(['content-length', 'content-type', 'x-backpack-version'])
/** Of a daemon: it changes nothing about an answer, but with a body whoever asks for it has to see it. */
const signatureHeader = 'x-backpack-signature'

/** `connection` is taken with keep-alive only, those of `bodyHeaders` with a body only. */
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

export interface LaneHeaders {
  /** 0 without a body. */
  readonly bodyBytes: number
  /** As it came; '' when none did. */
  readonly contentType: string
  /** Of a copy. */
  readonly version: bigint | undefined
  /** X-Backpack-Signature of a PUT. */
  readonly signature: string | undefined
}

/**
 * What the header lines in `bytes[start..end)` say, each with its line end; undefined when any of them is not for the
 * lane. A body must be announced exactly when `withBody` is set.
 */
export function readLaneHeaders(
  bytes: Buffer,
  { start, end, withBody }: { start: number; end: number; withBody: boolean },
): LaneHeaders | undefined {
  const body = new Map<string, string>()
  let hosts = 0
  let at = start
  for (let header = 0; at < end; header++) {
    if (header === headersMax) return undefined
    const lineEnd = bytes.indexOf(carriageReturn, at)
    if (bytes[lineEnd + 1] !== lineFeed) return undefined
    const nameEnd = bytes.indexOf(colon, at)
    if (nameEnd <= at || nameEnd > lineEnd) return undefined
    const name = bytes.toString('latin1', at, nameEnd).toLowerCase()
    const given = bytes.toString('latin1', nameEnd + 1, lineEnd)
    if (!fieldValue.test(given)) return undefined
    const value = given.replace(outerSpace, '')
    if (name === 'host') {
      if (++hosts > 1 || !hostValue.test(value)) return undefined
    } else if (name === 'connection') {
      if (value.toLowerCase() !== 'keep-alive') return undefined
    } else if (bodyHeaders.has(name) || (withBody && name === signatureHeader)) {
      if (!withBody || body.has(name)) return undefined
      body.set(name, value)
    } else if (!harmless.has(name) && name !== signatureHeader) {
      return undefined
    }
    at = lineEnd + 2
  }
  if (hosts !== 1) return undefined
  const length = body.get('content-length') ?? ''
  if (withBody && !lengthValue.test(length)) return undefined
  const versionText = body.get('x-backpack-version')
  const version = versionText === undefined ? undefined : parseVersion(versionText)
  if (versionText !== undefined && version === undefined) return undefined
  return {
    bodyBytes: withBody ? Number(length) : 0,
    contentType: body.get('content-type') ?? '',
    version,
    signature: body.get(signatureHeader),
  }
}
