// The text that a signed request stands for, as Backrunner defined it: METHOD LF, decoded path, `?` and the sorted
// parameters when there is a query, LF, then a line per `x-ell-` header. Pure.

const headerPrefix = 'x-ell-'
/** What form-encoding leaves as it is: most parameters. */
const unchanged = /^[\w.~-]*$/
const beyondAscii = /[^\0-\x7f]/

export interface SignedParts {
  readonly method: string
  /** Percent-decoded once, with its leading slash. */
  readonly path: string
  /** Undefined without a `?` in the target. Decoded names and values; of a repeated name the first counts. */
  readonly query?: Iterable<readonly [string, string]> | undefined
  /** Those that do not begin with `x-ell-` are left out; of a repeated one the first counts. */
  readonly headers?: Iterable<readonly [string, string]>
}

/** The `?` stays even when every parameter is empty; `signature` is never part of the text. */
export function signedText({ method, path, query, headers = [] }: SignedParts): string {
  const target = query === undefined ? path : `${path}?${signedQuery(query)}`
  return `${method}\n${target}\n${signedHeaders(headers)}`
}

function signedQuery(query: Iterable<readonly [string, string]>): string {
  const first = firstValues(query)
  first.delete('signature')
  let text = ''
  for (const [name, value] of [...first].sort(byName)) {
    if (value !== '') text += `${text === '' ? '' : '&'}${formEncode(name)}=${formEncode(value)}`
  }
  return text
}

function signedHeaders(headers: Iterable<readonly [string, string]>): string {
  const ours: [string, string][] = []
  for (const [name, value] of headers) {
    const lowerCase = name.toLowerCase()
    if (lowerCase.startsWith(headerPrefix)) ours.push([lowerCase, value])
  }
  if (ours.length === 0) return ''
  return [...firstValues(ours)]
    .sort(byName)
    .map(([name, value]) => `${name}:${value}\n`)
    .join('')
}

function firstValues(pairs: Iterable<readonly [string, string]>): Map<string, string> {
  const first = new Map<string, string>()
  for (const [name, value] of pairs) if (!first.has(name)) first.set(name, value)
  return first
}

/** By bytes of UTF-8, as Go sorts. */
function byName([one]: readonly [string, string], [other]: readonly [string, string]): number {
  if (!beyondAscii.test(one) && !beyondAscii.test(other)) return one < other ? -1 : 1
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

/** Form-encoding as Go's url.QueryEscape does it: `~` stays, `*` becomes `%2A`, a space `+`. */
export function formEncode(text: string): string {
  if (unchanged.test(text)) return text
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
