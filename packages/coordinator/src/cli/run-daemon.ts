// The daemon from reading the model to the last request answered.
import { CliError, exitCodes, isReachable, listenError, printLine, printNote } from '@backpack/command-line'
import type { Secret } from '@backpack/signing'
import { once } from 'node:events'
import { pino } from 'pino'
import { Coordinator } from '../coordinator.js'
import { codeOf } from '../error-codes.js'
import type { Listening } from '../http/start-listening.js'
import { mayDo } from './may-do.js'
import type { ServeArguments } from './serve.js'
import { GatewayCommand } from './serve-gateway.js'

export interface DaemonSettings extends ServeArguments {
  readonly clusterSecret: Secret | undefined
}

/**
 * Serves until `signal` is aborted, then answers the requests under way and gives 0. Throws CliError when it cannot
 * listen, or when the cluster's model cannot be read.
 */
export async function runDaemon(settings: DaemonSettings, signal: AbortSignal): Promise<number> {
  const { zkServers, zkRoot, listenHost: host, listenPort: port, logLevel, copies, spool, statsd } = settings
  const { clusterSecret } = settings
  const log = pino({ level: logLevel })
  const gateway = settings.config === undefined ? undefined : new GatewayCommand(settings.config)
  const coordinator = await open({
    cluster: { zookeeper: zkServers, root: zkRoot },
    copies,
    log,
    ...(clusterSecret === undefined ? {} : { clusterSecret: clusterSecret.reveal() }),
    ...(spool === undefined ? {} : { spoolDirectory: spool }),
    ...(statsd === undefined ? {} : { statsd }),
  })
  try {
    if (signal.aborted) return exitCodes.done
    for (const problem of coordinator.snapshot.problems) printNote(`The model: ${problem}`)
    await gateway?.listen(coordinator, { host, port })
    const { url } = await listen(coordinator, { host, port })
    // Whoever waits for this line may ask at once, and nothing can fail from here on.
    printLine('coordinator is ready!')
    printLine(`Listening to ${url}`)
    warnWhenReachable(host, coordinator, clusterSecret)
    gateway?.print(coordinator, { warnOfSecret: clusterSecret === undefined && !isReachable(host) })
    log.info({ url, zkServers, zkRoot }, 'listening')
    if (!signal.aborted) await once(signal, 'abort')
    log.info('stopping: answering the requests under way')
  } finally {
    await coordinator.close()
    gateway?.close()
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
    throw listenError(cause, { host, port })
  }
}

function warnWhenReachable(host: string, { snapshot }: Coordinator, clusterSecret: Secret | undefined): void {
  if (!isReachable(host)) return
  printNote(`Warning: whoever reaches ${host} on this port ${mayDo([...snapshot.shards.values()])}.`)
  if (clusterSecret === undefined) {
    printNote('Stores do not ask who writes to them: give both a secret with --cluster-secret-file.')
  }
  printNote('Let only your own servers through: a firewall, or a proxy that checks who asks.')
}
