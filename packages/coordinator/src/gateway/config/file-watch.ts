// Tells when files may have changed, by watching their directories: an editor that renames, and a mount that turns a link
// around, leave a watch on the file itself behind. Whoever needs certainty looks by timer too.
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { CoordinatorLog } from '../../options.js'
import { SettledChange } from './settled-change.js'

/** Writing a file takes several steps, and a copy over a network may stop between two of them. */
const settleTimes = { quietMs: 500, mostMs: 5_000 }
/** Kubernetes turns the link `..data` around when it brings new files. */
const linkPrefix = '..'

export class FileWatch {
  readonly #change: SettledChange
  readonly #log: CoordinatorLog
  readonly #watchers = new Map<string, FSWatcher>()
  #names: ReadonlySet<string> = new Set()
  #closed = false

  constructor(onChange: () => void, log: CoordinatorLog) {
    this.#change = new SettledChange(onChange, settleTimes)
    this.#log = log
  }

  /** Watches these files and no others; called again, it also takes up what it could not watch before. */
  watch(files: readonly string[]): void {
    if (this.#closed) return
    this.#names = new Set(files.map((file) => basename(file)))
    const directories = new Set(files.map((file) => dirname(file)))
    for (const [directory, watcher] of this.#watchers) {
      if (directories.has(directory)) continue
      watcher.close()
      this.#watchers.delete(directory)
    }
    for (const directory of directories) if (!this.#watchers.has(directory)) this.#watchDirectory(directory)
  }

  close(): void {
    this.#closed = true
    this.#change.close()
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #watchDirectory(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => this.#note(name))
      watcher.on('error', () => {
        watcher.close()
        this.#watchers.delete(directory)
      })
      this.#watchers.set(directory, watcher)
    } catch (error) {
      // No directory, or too many watches on this machine: the timer still looks.
      this.#log.warn({ err: error, directory }, 'a directory cannot be watched for changes')
    }
  }

  #note(name: string | null): void {
    if (name !== null && !this.#names.has(name) && !name.startsWith(linkPrefix)) return
    this.#change.note()
  }
}
