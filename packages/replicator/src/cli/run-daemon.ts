// The daemon from reading the model to the last task under way.
import { CliError, exitCodes, isReachable, listenError, printLine, printNote } from '@backpack/command-line'
import type { Secret } from '@backpack/signing'
import { once } from 'node:events'
import { pino } from 'pino'
import { codeOf } from '../error-codes.js'
import type { ReplicatorLog } from '../options.js'
import { Replicator } from '../replicator.js'
import type { ServeArguments } from './serve.js'

export interface DaemonSettings extends ServeArguments {
  readonly clusterSecret: Secret | undefined
}

/**
 * Works until `signal` is aborted, then finishes the tasks under way and gives 0. Throws CliError when the cluster's model
 * cannot be read, or when it cannot listen.
 */
export async function serveUntil(settings: DaemonSettings, signal: AbortSignal): Promise<number> {
  const { zkServers, zkRoot, logLevel } = settings
  const log = pino({ level: logLevel })
  const replicator = await open(settings, log)
  try {
    if (signal.aborted) return exitCodes.done
    printLine('Replicator is ready!')
    for (const problem of replicator.snapshot.problems) printNote(`The model: ${problem}`)
    if (replicator.url !== undefined) printNote(`Metrics: ${replicator.url}/-/metrics`)
    warnWhenReachable(settings, log)
    printLine('Replicator started!')
    log.info({ zkServers, zkRoot, url: replicator.url }, 'started')
    await once(signal, 'abort')
    log.info('stopping: finishing the tasks under way')
  } finally {
    await replicator.close()
  }
  log.info('stopped')
  return exitCodes.done
}

async function open(settings: DaemonSettings, log: ReplicatorLog): Promise<Replicator> {
  const { zkServers, zkRoot, concurrency, bandwidth, host, port, repairEvery, clusterSecret } = settings
  try {
    return await Replicator.open({
      cluster: { zookeeper: zkServers, root: zkRoot },
      log,
      host,
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(bandwidth === undefined ? {} : { bandwidthBytesPerSecond: bandwidth }),
      ...(port === undefined ? {} : { port }),
      ...(clusterSecret === undefined ? {} : { clusterSecret: clusterSecret.reveal() }),
      ...(repairEvery === undefined ? {} : { repairEveryMs: repairEvery }),
    })
  } catch (cause) {
    throw explain(cause, { host, port })
  }
}

/** What is served here is harmless, but it shows that this machine is not alone with its stores. */
function warnWhenReachable({ host, port, clusterSecret }: DaemonSettings, log: ReplicatorLog): void {
  if (clusterSecret !== undefined || port === undefined) return
  if (!isReachable(host)) return
  log.warn({ host }, 'listening beyond this machine without a cluster secret')
  printNote(`Warning: ${host} is reached by other machines, and stores do not ask who writes to them.`)
  printNote('Give stores, coordinators and replicators a secret with --cluster-secret-file.')
}

function explain(cause: unknown, { host, port }: Pick<ServeArguments, 'host' | 'port'>): unknown {
  const { message } = cause as Error
  if (codeOf(cause) === 'TREE_AWAY') {
    return new CliError(message, {
      advice: 'Is ZooKeeper running, and are its address and the root right?',
      cause,
    })
  }
  return listenError(cause, { host, port: port ?? 0, areOptions: true })
}
