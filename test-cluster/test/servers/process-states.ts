// Which processes there are, as /proc says.
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** A process that has ended and was not yet asked about by its parent (a zombie) does not run. */
export function isAlive(pid: number): boolean {
  const status = `/proc/${pid}/status`
  try {
    return existsSync(status) && !/^State:\s+[ZX]/m.test(readFileSync(status, 'utf8'))
  } catch {
    return false
  }
}

/** Processes whose command line has `text` in it. */
export function pidsNaming(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isAlive(pid) && commandLine(pid).includes(text))
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
