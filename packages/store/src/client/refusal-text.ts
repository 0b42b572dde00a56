// What a daemon said when it refused, in a line for people.

const wordsMax = 200

/** Its error, code and status; of an answer of something in between, such as a proxy, as much as fits in a line. */
export function refusalText(status: number, body: string): string {
  const said = errorIn(body) ?? body.trim().slice(0, wordsMax)
  return said === '' ? `The answer was HTTP ${status}` : `${said} [HTTP ${status}]`
}

/** The code in the answer of a daemon. */
export function refusalCode(body: string): string | undefined {
  const { code } = parse(body)
  return typeof code === 'string' ? code : undefined
}

function errorIn(body: string): string | undefined {
  const { error, code } = parse(body)
  if (typeof error !== 'string') return undefined
  return typeof code === 'string' ? `${error} (${code})` : error
}

function parse(body: string): { error?: unknown; code?: unknown } {
  try {
    return (JSON.parse(body) ?? {}) as { error?: unknown; code?: unknown }
  } catch {
    return {}
  }
}
