// `host:port`, `[::1]:port`, or `:port` for all addresses of the machine, as in Backrunner's configuration.
import { isIP } from 'node:net'

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

/** Whether two listeners cannot have both. */
export function isOverlapping(one: ListenAddress, other: ListenAddress): boolean {
  if (one.port === 0 || one.port !== other.port) return false
  return isEveryAddress(one) || isEveryAddress(other) || one.host.toLowerCase() === other.host.toLowerCase()
}

function isEveryAddress({ host }: ListenAddress): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}
