// Opens a store for a command: warnings go to standard error, and long openings show that they are under way.
import { printNote, Progress } from '@backpack/command-line'
import type { StoreLog, StoreOptions } from '../options.js'
import { Store } from '../store.js'

/** Warnings and errors of the store, for people. */
export const noteLog: StoreLog = {
  info() {},
  warn: (details, message) => printNote(`Warning: ${message} ${showDetails(details)}`),
  error: (details, message) => printNote(`Error: ${message} ${showDetails(details)}`),
}

/** JSON; of an error its message, which JSON leaves out. */
function showDetails(details: object): string {
  return JSON.stringify(details, (_key, value: unknown) => (value instanceof Error ? value.message : value))
}

/** Beside a running daemon: takes no lock, changes nothing. Throws as Store.open. */
export function openReadOnly(
  directory: string,
  { quiet, keyMap }: { quiet: boolean; keyMap?: StoreOptions['keyMap'] },
): Promise<Store> {
  return open({ path: directory, readOnly: true, keyMap }, quiet)
}

/** As the one writer of the directory. Throws as Store.open, DIRECTORY_LOCKED while a daemon runs. */
export function openWritable(
  directory: string,
  { quiet, keyMap }: { quiet: boolean; keyMap?: StoreOptions['keyMap'] },
): Promise<Store> {
  return open({ path: directory, keyMap }, quiet)
}

async function open(options: StoreOptions, quiet: boolean): Promise<Store> {
  const progress = new Progress({ label: `opening ${options.path}`, enabled: !quiet })
  try {
    return await Store.open({ ...options, log: noteLog })
  } finally {
    progress.stop()
  }
}
