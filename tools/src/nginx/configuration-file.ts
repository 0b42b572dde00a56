// A configuration on disk that nginx reads: checked before it is there, never half-written, and read again by nginx.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from './run-program.js'

const checkMs = 30_000
const reloadMs = 30_000
/** Time and process before each line that nginx logs. */
const logPrefix = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (?=\[\w+\] )|(?<=\] )\d+#\d+: /gm

/** What `nginx -t` says of a configuration. */
export type CheckResult =
  /** Remarks: warnings of nginx, most often none. */
  | { readonly verdict: 'fine'; readonly remarks: string }
  | { readonly verdict: 'refused'; readonly reason: string }
  /** There is no nginx on this machine. */
  | { readonly verdict: 'unchecked' }

/** nginx also opens the logs and makes the directories that the configuration names. */
export async function checkFile(path: string): Promise<CheckResult> {
  const result = await runProgram(['nginx', '-t', '-q', '-c', path], { limitMs: checkMs })
  if (result === undefined) return { verdict: 'unchecked' }
  const output = result.output.replace(logPrefix, '')
  if (result.exitCode === 0) return { verdict: 'fine', remarks: output }
  return { verdict: 'refused', reason: output === '' ? 'nginx -t gave no answer' : output }
}

/** As checkFile(), for a text that is in no file. */
export async function checkText(text: string): Promise<CheckResult> {
  const directory = await mkdtemp(join(tmpdir(), 'backpack-nginx-'))
  try {
    const path = join(directory, 'nginx.conf')
    await writeFile(path, text)
    return await checkFile(path)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Puts the text there in one step, unless `check` is set and nginx refuses it: then the file stays as it was. */
export async function replaceFile(
  path: string,
  text: string,
  { check }: { check: boolean },
): Promise<CheckResult> {
  const candidate = `${path}.${process.pid}.new`
  try {
    await writeFile(candidate, text, { flush: true })
    const result: CheckResult = check ? await checkFile(candidate) : { verdict: 'unchecked' }
    if (result.verdict !== 'refused') await rename(candidate, path)
    return result
  } finally {
    await rm(candidate, { force: true })
  }
}

/** Lets the running nginx read its configuration again. Gives the reason when that cannot be asked of it. */
export async function reloadNginx(
  path: string,
  reloadCommand: string | undefined,
): Promise<string | undefined> {
  const program: readonly [string, ...string[]] =
    reloadCommand === undefined ? ['nginx', '-c', path, '-s', 'reload'] : ['sh', '-c', reloadCommand]
  const result = await runProgram(program, { limitMs: reloadMs })
  if (result === undefined) return `${reloadCommand ?? 'nginx'}: there is no such program`
  if (result.exitCode === 0) return undefined
  return result.output === '' ? `${program.join(' ')} failed` : result.output.replace(logPrefix, '')
}
