// What the configuration file may say, and what it must not. The names are Backrunner's, but for two of ours:
// redirect-token-file, and `node` as a redirect-port.
import { Secret, secretBytesMax, secretBytesMin } from '@backpack/signing'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { z } from 'zod'
import { isOverlapping, type ListenAddress, parseListenAddress } from './listen-address.js'
import { isSection } from './section.js'

const secondsMax = 86_400
/** Shorter than this a timer would only keep the machine busy. */
const secondsMin = 0.05
const textCharactersMax = 4_096
const entriesMax = 200
const portMax = 65_535

/** What belongs to one connection, or to the framing of one answer, is not for every answer (RFC 9110, 7.6.1). */
const headersOfOneAnswer: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What the gateway says of itself and of each blob. */
const headersOfOurs: ReadonlySet<string> = new Set([
  'accept-ranges',
  'allow',
  'authorization',
  'content-type',
  'date',
  'etag',
  'last-modified',
  'location',
  'retry-after',
  'x-backpack-copies',
  'x-backpack-shard',
  'x-backpack-version',
  'x-ell-file',
  'x-ell-file-offset',
  'x-ell-mtime',
  'x-ell-signature-timeout',
  'x-ell-signtime',
  'x-ell-total-size',
])

const mediaTypePattern = /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+(\s*;[\t\x20-\x7e]*)?$/

/** Go leaves a text out by writing it empty. */
const textSchema = z
  .string('must be a text')
  .max(textCharactersMax, `must have at most ${textCharactersMax} characters`)
  .refine((text) => !/[\0\r\n]/.test(text), 'must be one line')
  .transform((text) => (text === '' ? undefined : text))
  .optional()

const addressSchema = textSchema.transform((text, context): ListenAddress | undefined => {
  if (text === undefined) return undefined
  const address = parseListenAddress(text)
  if (address === undefined) context.addIssue('must be host:port, [IPv6]:port or :port')
  return address
})

function secondsSchema({ ifMissing, min = secondsMin }: { ifMissing: number; min?: number }) {
  const message = `must be a number of seconds from ${min} to ${secondsMax}`
  return z.number(message).min(min, message).max(secondsMax, message).default(ifMissing)
}

/** Of times that are counted in whole seconds wherever they go. */
function wholeSecondsSchema({ ifMissing }: { ifMissing: number }) {
  const message = `must be a whole number of seconds from 1 to ${secondsMax}`
  return z.int(message).min(1, message).max(secondsMax, message).default(ifMissing)
}

const ratioMessage = 'must be a number from 0 to 1'
const ratioSchema = z.number(ratioMessage).min(0, ratioMessage).max(1, ratioMessage).optional()

const tokenSchema = textSchema.transform((text, context) => {
  if (text === undefined) return undefined
  if (text.trim() !== text) context.addIssue('must not begin or end with a space')
  // As stores ask for it.
  const sizeBytes = Buffer.byteLength(text)
  if (sizeBytes < secretBytesMin || sizeBytes > secretBytesMax)
    context.addIssue(`must have ${secretBytesMin} to ${secretBytesMax} bytes`)
  return new Secret(text)
})

const redirectPortMessage = 'must be a port from 1 to 65535, 0 for none, or node for the port of each node'
const redirectPortSchema = z
  .union([z.number(), z.literal('node')], redirectPortMessage)
  .refine(
    (port) => port === 'node' || (Number.isInteger(port) && port >= 0 && port <= portMax),
    redirectPortMessage,
  )
  .default(0)

const mapSchema = z.record(z.string(), z.unknown(), 'must be a map')

const headersSchema = mapSchema.default({}).transform((map, context) => {
  const headers: [string, string][] = []
  const seen = new Set<string>()
  const entries = Object.entries(map)
  if (entries.length > entriesMax) context.addIssue(`must have at most ${entriesMax} entries`)
  for (const [name, value] of entries.slice(0, entriesMax)) {
    const refuse = (message: string) => context.addIssue({ code: 'custom', path: [name], message })
    const lowerCase = name.toLowerCase()
    if (typeof value !== 'string') refuse('must be a text')
    else if (!isHeaderName(name)) refuse('is no name of a header')
    else if (headersOfOneAnswer.has(lowerCase)) refuse('cannot be on every answer')
    else if (headersOfOurs.has(lowerCase)) refuse('is set by the gateway itself')
    else if (seen.has(lowerCase)) refuse('is given twice')
    else if (value.length > textCharactersMax || !isHeaderValue(name, value)) refuse('cannot be in a header')
    // HTTP does not carry the space around it, and a redirect signs what the client gets.
    else headers.push([name, value.replace(/^[ \t]+|[ \t]+$/g, '')])
    seen.add(lowerCase)
  }
  return headers
})

const contentTypesSchema = mapSchema.default({}).transform((map, context) => {
  const types: { suffix: string; type: string }[] = []
  const entries = Object.entries(map)
  if (entries.length > entriesMax) context.addIssue(`must have at most ${entriesMax} entries`)
  for (const [suffix, type] of entries.slice(0, entriesMax)) {
    if (suffix === '') context.addIssue('must not have an empty suffix')
    else if (typeof type === 'string' && type.length <= textCharactersMax && mediaTypePattern.test(type))
      types.push({ suffix, type })
    else context.addIssue({ code: 'custom', path: [suffix], message: 'must be a type such as video/mp4' })
  }
  return types.sort((one, other) => other.suffix.length - one.suffix.length)
})

const inertNumber = z.number('must be a number').optional()
const inertText = z.string('must be a text').optional()

/** Of Elliptics, which is not here: looked at, so that a slip of the pen is found, and then ignored. */
const ellipticsSchema = z.strictObject({
  'log-file': inertText,
  'log-level': inertText,
  'log-prefix': inertText,
  remote: z.array(z.string('must be a text'), 'must be a list').optional(),
  'metadata-groups': z.array(z.number('must be a number'), 'must be a list').optional(),
  'backrunner-config-key': inertText,
  'bucket-list-key': inertText,
  'node-config': mapSchema.optional(),
})

export const inertProxyNames = ['redirect-root', 'reader-io-flags', 'writer-io-flags'] as const

const proxyFields = z.strictObject(
  {
    address: addressSchema,
    https_address: addressSchema,
    cert_file: textSchema,
    key_file: textSchema,
    'idle-timeout': secondsSchema({ ifMissing: 60 }),
    'free-space-ratio-soft': ratioSchema,
    'free-space-ratio-hard': ratioSchema,
    'bucket-update-interval': secondsSchema({ ifMissing: 30 }),
    'bucket-stat-update-interval': secondsSchema({ ifMissing: 3 }),
    'redirect-port': redirectPortSchema,
    'redirect-token': tokenSchema,
    'redirect-token-file': textSchema,
    'redirect-signature-timeout': wholeSecondsSchema({ ifMissing: 60 }),
    'redirect-root': inertText,
    headers: headersSchema,
    root: textSchema,
    'content-types': contentTypesSchema,
    'reader-io-flags': inertNumber,
    'writer-io-flags': inertNumber,
    'disable-config-update-for-seconds': secondsSchema({ ifMissing: 0, min: 0 }),
  },
  'must be a map',
)

/** What names mean together. A field that is wrong by itself may hold anything here, and is told of already. */
function refuseTogether(proxy: z.output<typeof proxyFields>, context: z.RefinementCtx): void {
  const refuse = (name: string, message: string) =>
    context.addIssue({ code: 'custom', path: [name], message })
  const { address, https_address: httpsAddress } = proxy
  if (typeof address === 'object' && typeof httpsAddress === 'object' && isOverlapping(address, httpsAddress))
    refuse('https_address', 'must not be that of address')
  if (httpsAddress !== undefined) {
    for (const name of ['cert_file', 'key_file'] as const)
      if (proxy[name] === undefined) refuse(name, 'is needed with https_address')
  }
  const { 'free-space-ratio-soft': soft, 'free-space-ratio-hard': hard } = proxy
  if (soft !== undefined && hard !== undefined && hard > soft)
    refuse('free-space-ratio-hard', 'must not be above free-space-ratio-soft')
  const { 'redirect-token': token, 'redirect-token-file': tokenFile } = proxy
  if (token !== undefined && tokenFile !== undefined)
    refuse('redirect-token-file', 'is given beside redirect-token; one of them is enough')
  if (
    ![undefined, 0].includes(proxy['redirect-port'] as number) &&
    token === undefined &&
    tokenFile === undefined
  )
    refuse('redirect-token-file', 'is needed with redirect-port, or redirect-token is')
}

// Also when a field is wrong, so that every problem is told at once.
const proxySchema = proxyFields.check(
  z.superRefine(refuseTogether, { when: ({ value }) => isSection(value) }),
)

export const fileSchema = z.strictObject(
  { elliptics: ellipticsSchema.optional(), proxy: proxySchema },
  'must be a map with a section "proxy"',
)

const knownNames = { elliptics: ellipticsSchema.shape, proxy: proxyFields.shape }

/** Without the names that have nothing behind them; unknown ones stay, to be refused. */
export function omitBlankNames(value: unknown): unknown {
  if (!isSection(value)) return value
  const sections: Record<string, unknown> = { ...value }
  if (sections['elliptics'] === null) delete sections['elliptics']
  for (const [name, known] of Object.entries(knownNames)) {
    const section = sections[name]
    if (!isSection(section)) continue
    sections[name] = Object.fromEntries(
      Object.entries(section).filter(([each, said]) => said !== null || !Object.hasOwn(known, each)),
    )
  }
  return sections
}

function isHeaderName(name: string): boolean {
  try {
    validateHeaderName(name)
    return true
  } catch {
    return false
  }
}

/** Without line breaks and other control characters. */
function isHeaderValue(name: string, value: string): boolean {
  try {
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}
