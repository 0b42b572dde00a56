// What a generated configuration can be told, and the checks of each value: what is let through here goes into the text.
import { isIPv6 } from 'node:net'
import { z } from 'zod'

export const nginxTiers = ['frontend', 'cache', 'resizer', 'storage'] as const
export type NginxTier = (typeof nginxTiers)[number]

export interface Address {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string
  readonly port: number
}

export interface NginxOptions {
  readonly tier: NginxTier
  /** As `listen` of nginx takes it: a port, or an address and a port. */
  readonly listen: readonly string[]
  /** Requests for other hosts are answered with 421; empty: every host is served. */
  readonly serverNames: readonly string[]
  /** The tiers behind: caches for the frontend, resizers or storage edges for the cache, storage edges for the resizer. */
  readonly caches: readonly Address[]
  readonly resizers: readonly Address[]
  readonly storage: readonly Address[]
  readonly cacheDirectory: string
  readonly cacheSizeBytes: number
  /** So long a cached photo is given without asking whether it is still the same. */
  readonly cacheValidSeconds: number
  /** Absolute: pid, logs and temporary files go here. Undefined: where this nginx was built to have them. */
  readonly workDirectory: string | undefined
  /** Absolute; undefined: in the work directory, else where this nginx was built to have it. */
  readonly pidFile: string | undefined
  /** Undefined when image_filter is compiled into nginx. */
  readonly imageFilterModule: string | undefined
}

const hostPattern = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9_])?$/
const listenPattern = /^(?:(?:\*|\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253})):)?(\d{1,5})$/
const serverNamePattern = /^(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/
/** What could end a quoted string of nginx, or be taken for a variable in one. */
const unquotable = /[\u0000-\u001f\u007f"\\$]/
const portMax = 65_535

/** `host:port` as nginx wants it; undefined when either is none, whatever it holds instead. */
export function showServer({ host, port }: Address): string | undefined {
  if (!Number.isInteger(port) || port < 1 || port > portMax) return undefined
  if (isIPv6(host) && !host.includes('%')) return `[${host}]:${port}`
  return hostPattern.test(host) ? `${host}:${port}` : undefined
}

/** A port, `address:port`, `[address]:port` or `*:port`. */
export const listenArgument = z
  .string()
  .refine(isListen, 'must be a port or address:port, such as 8080 or [::]:8080')

export const serverNameArgument = z
  .string()
  .regex(serverNamePattern, 'must be a host name, such as photos.example.com or *.example.com')

/** A path that may stand between double quotes in a configuration. */
export const quotablePath = z
  .string()
  .min(1, 'is empty')
  .refine((path) => !unquotable.test(path), 'must hold no quotes, backslashes, $ or control characters')

/** `host:port`, in brackets when it is an IPv6 address. */
export const addressArgument = z.string().transform((text, context): Address => {
  const [, ipv6, host = ipv6 ?? '', digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const address = { host, port: Number(digits) }
  if (showServer(address) === undefined) {
    context.issues.push({ code: 'custom', message: 'must be host:port, such as one:8080', input: text })
  }
  return address
})

function isListen(text: string): boolean {
  const [, ipv6, , digits] = listenPattern.exec(text) ?? []
  const port = Number(digits)
  return port >= 1 && port <= portMax && (ipv6 === undefined || isIPv6(ipv6))
}
