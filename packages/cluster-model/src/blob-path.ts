// Names and request targets. A name is opaque UTF-8; on the wire everything but unreserved characters and `/` is escaped.

/** `/` and the percent-encoded name: what a store node is asked for. */
export function pathOfName(name: string): string {
  return `/${encodeURIComponent(name).replaceAll('%2F', '/')}`
}

/** The name a target asks for, decoded once; undefined when its percent-encoding is no UTF-8. */
export function nameOfPath(path: string): string | undefined {
  try {
    return decodeURIComponent(path.slice(1))
  } catch {
    return undefined
  }
}
