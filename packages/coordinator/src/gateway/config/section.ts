// A part of a configuration as it came, before anything of it is known to be right. Pure.

export type Section = Readonly<Record<string, unknown>>

export function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As good as none: YAML leaves a name with nothing behind it, Go writes an empty text. */
export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** What stands in the section `proxy`; nothing when there is none. */
export function proxyOf(value: unknown): Section {
  const proxy = isSection(value) ? value['proxy'] : undefined
  return isSection(proxy) ? proxy : {}
}
