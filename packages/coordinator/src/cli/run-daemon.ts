// The daemon from reading the model to the last request answered.
import { CliError, exitCodes, printLine, printNote } from '@backpack/command-line'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { pino } from 'pino'
import { Coordinator } from '../coordinator.js'
import { codeOf } from '../error-codes.js'
import type { Listening } from '../http/start-listening.js'
import type { ServeArguments } from './serve.js'

/**
 * Serves until `signal` is aborted, then answers the requests under way and gives 0. Throws CliError when it cannot
 * listen, or when the cluster's model cannot be read.
 */
export async function runDaemon(settings: ServeArguments, signal: AbortSignal): Promise<number> {
  const { zkServers, zkRoot, listenHost: host, listenPort: port, logLevel, copies, spool, statsd } = settings
  const log = pino({ level: logLevel })
  const coordinator = await open({
    cluster: { zookeeper: zkServers, root: zkRoot },
    copies,
    log,
    ...(spool === undefined ? {} : { spoolDirectory: spool }),
    ...(statsd === undefined ? {} : { statsd }),
  })
  try {
    if (signal.aborted) return exitCodes.done
    for (const problem of coordinator.snapshot.problems) printNote(`The model: ${problem}`)
    printLine('coordinator is ready!')
    const { url } = await listen(coordinator, { host, port })
    printLine(`Listening to ${url}`)
    warnWhenReachable(host)
    log.info({ url, zkServers, zkRoot }, 'listening')
    if (!signal.aborted) await once(signal, 'abort')
    log.info('stopping: answering the requests under way')
  } finally {
    await coordinator.close()
  }
  log.info('stopped')
  return exitCodes.done
}

async function open(options: Parameters<typeof Coordinator.open>[0]): Promise<Coordinator> {
  try {
    return await Coordinator.open(options)
  } catch (cause) {
    const code = codeOf(cause)
    const { message } = cause as Error
    if (code === 'TREE_AWAY') {
      throw new CliError(message, {
        advice: 'Is ZooKeeper running, and are its address and the root right?',
        cause,
      })
    }
    if (code === 'SPOOL_FAILED') {
      throw new CliError(message, { advice: 'Choose another directory with --spool.', cause })
    }
    throw cause
  }
}

async function listen(
  coordinator: Coordinator,
  { host, port }: { host: string; port: number },
): Promise<Listening> {
  try {
    return await coordinator.listen({ host, port })
  } catch (cause) {
    switch ((cause as NodeJS.ErrnoException).code) {
      case 'EADDRINUSE':
        throw new CliError(`Port ${port} of ${host} is in use by another program.`, {
          advice: 'Stop that one (`ss -ltnp` shows it), or choose another port.',
          cause,
        })
      case 'EACCES':
        throw new CliError(`This user may not listen on port ${port}.`, {
          advice: 'Choose a port from 1024 on.',
          cause,
        })
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
      case 'EAI_AGAIN':
      case 'EINVAL':
        throw new CliError(`${host} is no address of this machine.`, {
          advice: 'Use 127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses.',
          cause,
        })
      default:
        throw cause
    }
  }
}

function warnWhenReachable(host: string): void {
  if (host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))) return
  printNote(`Warning: whoever reaches ${host} on this port can read, add and delete every photo.`)
  printNote('Let only your own servers through: a firewall, or a proxy that checks who asks.')
}
