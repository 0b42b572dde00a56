import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import { spawnClean } from './spawn-clean.js'

// Servers that are just being killed may still write: gone is what stays away.
const removeWhenOwnerEnds = [
  'while read -r _; do :; done',
  'for _ in {1..50}; do',
  '  if [ ! -e "$1" ]; then exit 0; fi',
  '  rm -rf -- "$1"',
  '  sleep 0.1',
  'done',
].join('\n')

/**
 * A fresh directory; remove() takes it away with all that is in it, and so does the end of this process, even by
 * SIGKILL. Within a `parent`, the parent's removal is enough.
 */
export class TemporaryDirectory {
  readonly path: string
  readonly #keeper: ChildProcess | undefined

  constructor({ parent }: { readonly parent?: string | undefined } = {}) {
    this.path = mkdtempSync(join(parent ?? tmpdir(), 'backpack-cluster-'))
    this.#keeper = parent === undefined ? startKeeper(this.path) : undefined
  }

  remove(): void {
    try {
      rmSync(this.path, { recursive: true, force: true, maxRetries: 3 })
    } catch (error) {
      // A server that is just being killed wrote into it meanwhile: the keeper goes on until it stays away.
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
    } finally {
      this.#keeper?.stdin?.end()
    }
  }
}

function startKeeper(path: string): ChildProcess {
  const keeper = spawnClean('bash', ['-c', removeWhenOwnerEnds, 'bash', path], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  keeper.on('error', () => undefined)
  const stdin = keeper.stdin as Socket
  stdin.on('error', () => undefined)
  stdin.unref()
  keeper.unref()
  return keeper
}
