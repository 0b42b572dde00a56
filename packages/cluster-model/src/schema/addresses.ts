// Addresses as people give them: `http://one:10001`, `one:13001,two:13002`, `[::1]:6379`.
import { z } from 'zod'

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

const hostPattern = /^[A-Za-z0-9._:-]{1,255}$/
const addressPattern = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,255})):(\d{1,5})$/
const portMax = 65_535
const httpPort = 80

/** The address in a server's URL, which has no path; undefined when it is not `http://host:port`. Without a port 80. */
export function parseServerUrl(text: string): HostAndPort | undefined {
  if (!/^http:\/\//i.test(text) || !URL.canParse(text)) return undefined
  const { hostname, port, pathname, search, hash, username, password } = new URL(text)
  if (pathname !== '/' || `${search}${hash}${username}${password}` !== '') return undefined
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const number = port === '' ? httpPort : Number(port)
  return hostPattern.test(host) && number >= 1 ? { host, port: number } : undefined
}

/** `http://host:port`, without a trailing slash. */
export function urlOf(address: HostAndPort): string {
  return `http://${showAddress(address)}`
}

/** `host:port`, with brackets around an IPv6 address. */
export function showAddress({ host, port }: HostAndPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** `host:port,host:port`, at least one. */
export const addressListSchema = z.string().transform((text, context): HostAndPort[] => {
  const addresses = text.split(',').map((part) => parseAddress(part.trim()))
  const good = addresses.filter((address) => address !== undefined)
  if (good.length < addresses.length) {
    context.issues.push({
      code: 'custom',
      message: 'must be host:port,host:port, such as one:13001,two:13002',
      input: text,
    })
  }
  return good
})

function parseAddress(text: string): HostAndPort | undefined {
  const [, ipv6, host = ipv6, digits] = addressPattern.exec(text) ?? []
  const port = Number(digits)
  return host === undefined || port < 1 || port > portMax ? undefined : { host, port }
}
