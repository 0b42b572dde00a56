// `backpack serve` from opening the store to the last request answered.
import { countOf, exitCodes, formatBytes, isReachable, listenError, printNote } from '@backpack/command-line'
import type { Secret } from '@backpack/signing'
import { once } from 'node:events'
import { type Logger, pino } from 'pino'
import { type Daemon, type DaemonOptions, startDaemon } from '../http/start-daemon.js'
import type { StoreOptions } from '../options.js'
import { Store } from '../store.js'
import { refuseDirectoryOf2013 } from './refuse-directory-2013.js'
import { tryIt } from './try-it.js'

export interface DaemonSettings {
  readonly directory: string
  readonly host: string
  readonly port: number
  readonly durability: 'sync' | 'os'
  readonly keyMap: NonNullable<StoreOptions['keyMap']>
  readonly logLevel: string
  readonly reserveBytes?: number | undefined
  readonly batchBlobsMax?: number | undefined
  readonly blobBytesMax?: number | undefined
  readonly clusterSecret: Secret | undefined
  /** Undefined when the secret is in the environment. */
  readonly clusterSecretFile: string | undefined
  readonly redirectToken: Secret | undefined
  readonly refuseUnsignedReads: boolean
}

/**
 * Serves until `signal` is aborted, then answers the requests under way, closes the store and gives 0. Throws
 * CliError when it cannot listen, and as Store.open. Exits the process with 70 when the store cannot go on.
 */
export async function runDaemon(settings: DaemonSettings, signal: AbortSignal): Promise<number> {
  const {
    directory,
    host,
    port,
    logLevel,
    clusterSecret,
    clusterSecretFile: _,
    redirectToken,
    refuseUnsignedReads,
    ...storeOptions
  } = settings
  refuseDirectoryOf2013(directory)
  const log = pino({ level: logLevel })
  const onFatal = (error: Error) => {
    log.fatal({ err: error }, 'the store cannot go on')
    printNote(`The store cannot go on and stops: ${error.message}`)
    process.exit(exitCodes.internal)
  }
  const store = await Store.open({ path: directory, log, onFatal, ...definedOnly(storeOptions) })
  try {
    if (signal.aborted) return exitCodes.done
    const daemon = await listen({
      ...{ store, host, port, log, refuseUnsignedReads },
      ...(clusterSecret === undefined ? {} : { clusterSecret: clusterSecret.reveal() }),
      ...(redirectToken === undefined ? {} : { redirectToken: redirectToken.reveal() }),
    })
    log.info({ url: daemon.url, directory, durability: settings.durability }, 'listening')
    await announce(store, daemon, settings)
    warnWhenReachable(settings, log)
    if (!signal.aborted) await once(signal, 'abort')
    log.info('stopping: answering the requests under way')
    await daemon.drain()
  } finally {
    await store.close()
  }
  log.info('stopped')
  return exitCodes.done
}

/** What is not set is left to the store's defaults, which refuse undefined as a value of some. */
function definedOnly<Settings extends object>(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Settings
}

async function listen(options: DaemonOptions): Promise<Daemon> {
  const { host, port } = options
  try {
    return await startDaemon(options)
  } catch (cause) {
    throw listenError(cause, { host, port, areOptions: true })
  }
}

async function announce(
  store: Store,
  { url, port }: Daemon,
  { host, directory, clusterSecret, ...access }: DaemonSettings,
): Promise<void> {
  const { volumes, usedBytes } = await store.stats()
  const everywhere = host === '0.0.0.0' || host === '::'
  const near = everywhere ? `http://127.0.0.1:${port}/` : url
  printNote(
    `Serving ${directory} at ${url} (${countOf(volumes.length, 'volume')}, ${formatBytes(usedBytes)})`,
  )
  printNote(tryIt({ ...access, url: near, hasSecret: clusterSecret !== undefined }))
  printNote('Ctrl-C stops it.')
}

function warnWhenReachable({ host, clusterSecret, refuseUnsignedReads }: DaemonSettings, log: Logger): void {
  if (!isReachable(host)) return
  if (clusterSecret !== undefined) {
    log.info({ host, refuseUnsignedReads }, 'listening beyond this machine; writes need the cluster secret')
    return
  }
  log.warn({ host }, 'listening beyond this machine without a cluster secret')
  const anything = refuseUnsignedReads ? 'overwrite and delete' : 'read, overwrite and delete'
  printNote(`Warning: whoever reaches ${host} on this port can ${anything} every blob.`)
  printNote('Set a secret with --cluster-secret-file, and let only your own servers through:')
  printNote('a firewall, or a proxy that checks who asks.')
}
