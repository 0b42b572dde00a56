// The syntax of nginx configurations: blocks, indented, and the groups of servers behind a tier. Pure.
import { type Address, showServer } from './nginx-options.js'

/** A server that failed so often within so long is left alone for so long. */
const maxFails = 3
const failTimeoutSeconds = 5

export function block(head: string, ...lines: readonly (string | readonly string[])[]): string[] {
  return [`${head} {`, ...lines.flat().map((line) => (line === '' ? '' : `  ${line}`)), '}']
}

/** A path as a parameter; it was checked to hold nothing that ends a quoted string. */
export function quote(path: string): string {
  return `"${path}"`
}

export interface UpstreamOptions {
  readonly name: string
  /** As showServer() gives them; at least one, nginx refuses an empty group. */
  readonly servers: readonly string[]
  /** Instead of one after the other. */
  readonly balance?: string
  /** Idle connections kept by each worker process. */
  readonly keepalive: number
}

export function upstream({ name, servers, balance, keepalive }: UpstreamOptions): string[] {
  return block(
    `upstream ${name}`,
    balance === undefined ? [] : [`${balance};`],
    servers.map((server) => `server ${server} max_fails=${maxFails} fail_timeout=${failTimeoutSeconds}s;`),
    `keepalive ${keepalive};`,
  )
}

/** Addresses of options, which were checked; TypeError when they were not. */
export function serversOf(addresses: readonly Address[], what: string): string[] {
  if (addresses.length === 0) throw new TypeError(`This tier needs the addresses of ${what}`)
  return addresses.map((address) => {
    const server = showServer(address)
    if (server === undefined) throw new TypeError(`${JSON.stringify(address)} is no address`)
    return server
  })
}

/** nginx sends a request header to the servers behind only when it is named here; an empty value is not sent. */
export function requestHeaders(...names: readonly string[]): string[] {
  const passed = names.map((name) => {
    const variable = `$http_${name.toLowerCase().replaceAll('-', '_')}`
    return `proxy_set_header ${name} ${variable};`
  })
  return ['proxy_set_header Connection "";', 'proxy_set_header Content-Length "";', ...passed]
}

/** What stores know of conditions. */
export const conditionalHeaders = ['If-None-Match', 'If-Modified-Since']
export const rangeHeaders = ['Range', 'If-Range']
