// The gateway of the daemon: what it prints at its start, and SIGHUP.
import { CliError, exitCodes, isReachable, listenError, printLine, printNote } from '@backpack/command-line'
import type { Coordinator } from '../coordinator.js'
import { codeOf, detailOf } from '../error-codes.js'
import { isOverlapping } from '../gateway/config/listen-address.js'
import type { GatewayListening } from '../gateway/start-gateway.js'
import { shownHost } from '../http/start-listening.js'

/** SIGHUP from the start on: it must not end a daemon whose configuration is not read yet. */
export class GatewayCommand {
  readonly #configFile: string
  readonly #onHangUp = () => void this.#listening?.reread()
  #listening: GatewayListening | undefined

  constructor(configFile: string) {
    this.#configFile = configFile
    process.on('SIGHUP', this.#onHangUp)
  }

  /**
   * Throws CliError with every problem of the configuration, or for an address that cannot be listened on: `plain` is where
   * the coordinator itself is going to.
   */
  async listen(coordinator: Coordinator, plain: { host: string; port: number }): Promise<void> {
    try {
      this.#listening = await coordinator.listenGateway({ configFile: this.#configFile })
    } catch (cause) {
      const problems = codeOf(cause) === 'INVALID_OPTIONS' ? detailOf(cause, 'problems') : undefined
      if (!Array.isArray(problems)) throw listenError(cause, { host: 'the gateway', port: 0 })
      throw this.#refusalOf(problems as string[], cause)
    }
    const taken = this.#listening.doors.filter(({ address }) => isOverlapping(address, plain))
    if (taken.length === 0) return
    throw this.#refusalOf(
      taken.map(({ secure }) => {
        const name = secure ? 'proxy.https_address' : 'proxy.address'
        return `${name}: must not be where the coordinator itself listens, ${shownHost(plain.host)}:${plain.port}`
      }),
    )
  }

  #refusalOf(problems: readonly string[], cause?: unknown): CliError {
    return new CliError([`${this.#configFile} is not accepted:`, ...problems].join('\n'), {
      advice: 'docs/gateway.md explains every name.',
      exitCode: exitCodes.usage,
      cause,
    })
  }

  /** Says where the gateway listens, and what its owner should know of it: `warnOfSecret` when nothing was said of it. */
  print(coordinator: Coordinator, { warnOfSecret }: { readonly warnOfSecret: boolean }): void {
    if (this.#listening === undefined) return
    const { doors, inert } = this.#listening
    for (const { url } of doors) printLine(`Gateway: ${url}`)
    if (inert.length > 0) printNote(`${this.#configFile}: without a meaning here: ${inert.join(', ')}`)
    for (const line of warningsOf(this.#listening, coordinator, { warnOfSecret })) printNote(line)
  }

  /** From here on SIGHUP ends the process again. */
  close(): void {
    process.off('SIGHUP', this.#onHangUp)
  }
}

/** What whoever starts a gateway that others can reach should know. */
function warningsOf(
  { doors }: GatewayListening,
  { snapshot }: Coordinator,
  { warnOfSecret }: { readonly warnOfSecret: boolean },
): string[] {
  const reachable = doors.filter(({ address }) => isReachable(address.host))
  if (reachable.length === 0) return []
  const warnings = reachable
    .filter(({ secure }) => !secure)
    .map(({ url, address }) => {
      const place = address.host === '' ? 'all addresses of this machine' : address.host
      return `Warning: ${url} listens on ${place} without HTTPS: photos and links can be read on their way.`
    })
  const open = [...snapshot.shards.values()].filter(({ access }) => access === 'open')
  if (open.length > 0) {
    warnings.push(
      `Warning: whoever reaches the gateway can read, add and delete every photo of ${open.length} of ` +
        `${snapshot.shards.size} shards: they have no ACL.`,
    )
  }
  if (warnOfSecret) {
    warnings.push(
      'Warning: stores do not ask who writes to them: give both them and the coordinator a secret with --cluster-secret-file.',
    )
  }
  return warnings
}
