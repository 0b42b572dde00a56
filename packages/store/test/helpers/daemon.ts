// A store with a daemon in front of it, both gone when the test ends.
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { startDaemon, Store } from '../../src/index.js'
import type { Daemon, DaemonOptions, StoreOptions } from '../../src/index.js'
import { temporaryDirectory } from './temporary-directory.js'

export interface RunningDaemon extends Daemon {
  readonly store: Store
  readonly path: string
}

export interface RunOptions extends Partial<DaemonOptions> {
  readonly storeOptions?: Partial<StoreOptions>
}

export const silentLog = pino({ level: 'silent' })

/** Both lanes, for tests that must hold in each. */
export const lanes = [
  { lane: 'fast lane', fastLane: true },
  { lane: 'node:http', fastLane: false },
] as const

/** Starts a daemon on a free port. */
export async function runDaemon({ storeOptions, ...options }: RunOptions = {}): Promise<RunningDaemon> {
  const path = storeOptions?.path ?? temporaryDirectory()
  const store = options.store ?? (await Store.open({ reserveBytes: 0, ...storeOptions, path }))
  const daemon = await startDaemon({ host: '127.0.0.1', port: 0, log: silentLog, ...options, store })
  onTestFinished(async () => {
    await daemon.drain()
    await store.close()
  })
  return { ...daemon, store, path }
}

/** Resolves once `holds` is true; rejects after `limitMs`, which is only there to end what hangs. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 60_000,
): Promise<void> {
  const deadlineMs = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(`Waited ${limitMs} ms in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Lets a chunk just written to a loopback socket reach the server of this process before the next one is. */
export async function untilDelivered(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
}
