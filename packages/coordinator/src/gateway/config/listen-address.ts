// `host:port`, `[::1]:port`, or `:port` for all addresses of the machine, as in Backrunner's configuration.
import { isIP, SocketAddress } from 'node:net'

export interface ListenAddress {
  /** '' for all addresses of this machine. */
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  /** As it was written. */
  readonly text: string
}

const pattern = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9][A-Za-z0-9._-]{0,252}|)):(\d{1,5})$/
const portMax = 65_535

/** Undefined for what is no address. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [whole, ipv6, name, digits] = pattern.exec(text) ?? []
  const port = Number(digits)
  if (whole === undefined || port > portMax) return undefined
  if (ipv6 !== undefined && isIP(ipv6) !== 6) return undefined
  return Object.freeze({ host: ipv6 ?? name ?? '', port, text })
}

/** Whether both mean the same, so that nothing changes. */
export function isSameAddress(one: ListenAddress | undefined, other: ListenAddress | undefined): boolean {
  return one?.port === other?.port && one?.host.toLowerCase() === other?.host.toLowerCase()
}

/** What `localhost` may stand for. */
const hostsOfLocalhost: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1'])
const everyHost: ReadonlySet<string> = new Set(['', '0.0.0.0', '::'])

/** Whether two listeners cannot have both. */
export function isOverlapping(
  one: Pick<ListenAddress, 'host' | 'port'>,
  other: Pick<ListenAddress, 'host' | 'port'>,
): boolean {
  if (one.port === 0 || one.port !== other.port) return false
  const hosts = [canonicalHost(one.host), canonicalHost(other.host)] as const
  if (hosts[0] === hosts[1] || hosts.some((host) => everyHost.has(host))) return true
  return hosts.includes('localhost') && hosts.every((host) => hostsOfLocalhost.has(host))
}

/** One of the ways to write it. */
function canonicalHost(host: string): string {
  const lowerCase = host.toLowerCase()
  if (isIP(lowerCase) !== 6) return lowerCase
  const { address } = new SocketAddress({ address: lowerCase, family: 'ipv6' })
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
