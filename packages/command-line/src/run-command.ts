// The frame around every command: signals, a closed pipe, errors and exit codes.
import { CliError, exitCodes } from './cli-error.js'
import { printNote } from './output.js'

/** What to do about coded errors whose message does not say it. */
const advice: Readonly<Record<string, string>> = {
  FORMAT_UNKNOWN: 'Check the path; `backpack serve <directory>` makes a new store.',
  VOLUME_UNREADABLE: 'The other volumes are fine. Never delete this one: copy it somewhere safe first.',
  KEY_MAP_AWAY: 'Is Redis running, and is --redis the right address?',
}

/** What common failures of the operating system mean to the user. */
const systemErrors: Record<string, string> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'it is not a directory',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files; raise the limit with `ulimit -n`',
}

/** A second signal this soon is the same Ctrl-C: a terminal sends it to npm too, which passes it on. */
const sameSignalMs = 500

/**
 * Runs the work of one command and sets the process's exit code: what the work returns, else 0; by the error when it
 * throws. Ctrl-C and SIGTERM abort `signal` and give the work time to clean up; another one later ends the process at
 * once. After them the exit code is 130 or 143, unless the work returns one itself.
 */
export async function runCommand(work: (signal: AbortSignal) => Promise<number | void>): Promise<void> {
  const controller = new AbortController()
  let abortedCode: number | undefined
  let abortedAtMs = 0
  const abort = (exitCode: number) => {
    if (abortedCode === undefined) abortedAtMs = performance.now()
    else if (performance.now() - abortedAtMs > sameSignalMs) process.exit(exitCode)
    abortedCode ??= exitCode
    controller.abort(new CliError('Interrupted', { exitCode }))
  }
  const onInterrupt = () => abort(exitCodes.interrupted)
  const onTerminate = () => abort(exitCodes.terminated)
  const onOutputError = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (abortedCode === undefined) abort(exitCodes.outputClosed)
  }
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  process.stdout.on('error', onOutputError)
  try {
    const returned = await work(controller.signal)
    process.exitCode = returned ?? abortedCode ?? exitCodes.done
  } catch (error) {
    process.exitCode = abortedCode === undefined ? reportError(error) : reportAborted(abortedCode)
  } finally {
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onTerminate)
  }
}

/** Says on standard error what went wrong and what to do, and gives the exit code for it. */
export function reportError(error: unknown): number {
  if (error instanceof CliError) {
    printNote(error.message)
    if (error.advice !== undefined) printNote(error.advice)
    return error.exitCode
  }
  if (isCoded(error)) {
    printNote(`${error.message} (${error.code})`)
    if (error.cause instanceof Error) printNote(`Cause: ${error.cause.message}`)
    const help = advice[error.code]
    if (help !== undefined) printNote(help)
    return exitCodes.failed
  }
  const { code, path } = error as NodeJS.ErrnoException
  const meaning = code === undefined ? undefined : systemErrors[code]
  if (meaning !== undefined) {
    printNote(path === undefined ? (error as Error).message : `${path}: ${meaning}`)
    return exitCodes.failed
  }
  printNote(error instanceof Error ? (error.stack ?? error.message) : String(error))
  printNote('This is a fault of Backpack: please report it with the lines above.')
  return exitCodes.internal
}

/** Whether an error comes from a package's catalogue. Bundled code makes several copies of a class: no instanceof. */
function isCoded(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'details' in error && 'code' in error && typeof error.code === 'string'
}

function reportAborted(exitCode: number): number {
  if (exitCode !== exitCodes.outputClosed) printNote('Interrupted.')
  return exitCode
}
