// Host names to numbers, before the client sees them: it would resolve them itself, blocking the whole process meanwhile.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { HostAndPort } from '../schema/addresses.js'

export class ServerAddresses {
  readonly #servers: readonly HostAndPort[]
  /** By host, as last resolved. */
  readonly #known = new Map<string, readonly string[]>()
  /** One at a time per host: each occupies one of the few threads that files need as well. */
  readonly #lookups = new Map<string, Promise<void>>()

  constructor(servers: readonly HostAndPort[]) {
    this.#servers = servers
  }

  /**
   * `address:port,…` as the client wants it; '' when no name resolves. A name that does not resolve by the time that `signal`
   * aborts is taken as it was before. Never throws.
   */
  async resolve(signal: AbortSignal): Promise<string> {
    const names = [...new Set(this.#servers.map(({ host }) => host))].filter((host) => isIP(host) === 0)
    const all = Promise.all(names.map((name) => this.#lookUp(name)))
    await Promise.race([all, aborted(signal)])
    const found = this.#servers.flatMap(({ host, port }) => {
      const addresses = isIP(host) === 0 ? (this.#known.get(host) ?? []) : [host]
      return addresses.map((address) => `${address}:${port}`)
    })
    return [...new Set(found)].join(',')
  }

  #lookUp(name: string): Promise<void> {
    const present = this.#lookups.get(name)
    if (present !== undefined) return present
    const looking = lookup(name, { all: true })
      .then(
        (found) => {
          const addresses = found.map(({ address }) => address)
          this.#known.set(name, addresses)
        },
        // Some other server may do; when none does, the caller says so.
        () => undefined,
      )
      .then(() => {
        this.#lookups.delete(name)
      })
    this.#lookups.set(name, looking)
    return looking
  }
}

/** Resolves when it aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
