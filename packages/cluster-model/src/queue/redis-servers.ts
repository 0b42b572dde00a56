// The Redis servers of the queue, asked all at once: none slows the others by more than its own timeout.
import { ClusterError } from '../errors.js'
import { type HostAndPort, showAddress } from '../schema/addresses.js'
import type { ScriptName } from './redis-scripts.js'
import { RedisServerLink, type RedisServerLinkOptions, type ScriptArgument } from './redis-server-link.js'
import { turnsOf } from './task-turns.js'

export interface Answer {
  readonly server: number
  readonly reply: unknown
}

interface Failure {
  readonly server: number
  readonly error: unknown
}

export class RedisServers {
  readonly links: readonly RedisServerLink[]
  readonly #names: readonly string[]

  private constructor(links: readonly RedisServerLink[]) {
    this.links = links
    this.#names = links.map(({ name }) => name)
  }

  /** Connections that `before` has already go on, those of no use any more are closed. */
  static connect(
    addresses: readonly HostAndPort[],
    options: RedisServerLinkOptions,
    before?: RedisServers,
  ): RedisServers {
    const known = new Map(before?.links.map((link) => [link.name, link]))
    const byName = new Map(addresses.map((address) => [showAddress(address), address]))
    const links = [...byName].map(
      ([name, address]) => known.get(name) ?? new RedisServerLink(address, options),
    )
    for (const link of known.values()) if (!links.includes(link)) link.close()
    return new RedisServers(links)
  }

  /** For each server, in the order of `links`: its turn with the member, 0 the first. */
  turnsOf(member: string): number[] {
    return turnsOf(member, this.#names)
  }

  /** The same for a task to be queued: silent servers come after the others, so that it does not wait for one of them. */
  turnsNow(member: string): number[] {
    const turns = this.turnsOf(member)
    const usable = this.links.map(({ isUsable }) => isUsable)
    if (!usable.includes(false)) return turns
    return turns.map((own, at) => {
      return turns.filter((turn, other) => {
        return usable[other] === usable[at] ? turn < own : usable[other] === true
      }).length
    })
  }

  /** Runs a script on every server; gives the answers there were. Throws QUEUE_AWAY when there was none. */
  async runOnAll(
    script: ScriptName,
    argsFor: (server: number) => readonly ScriptArgument[],
  ): Promise<Answer[]> {
    const results = await Promise.all(
      this.links.map(async (link, server): Promise<Answer | Failure> => {
        try {
          return { server, reply: await link.run(script, argsFor(server)) }
        } catch (error) {
          return { server, error }
        }
      }),
    )
    const answers = results.filter((result) => 'reply' in result)
    if (answers.length > 0) return answers
    throw noServer(results.filter((result) => 'error' in result).map(({ error }) => error))
  }

  close(): void {
    for (const link of this.links) link.close()
  }
}

export function noServer(failures: readonly unknown[]): ClusterError {
  const reasons = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)))
  const why = reasons.length === 0 ? 'it has none' : reasons.join('; ')
  return new ClusterError('QUEUE_AWAY', `No server of the queue answers: ${why}`, { cause: failures[0] })
}
