// What ends a command with a message for its user instead of a stack.

/** Exit codes of every command, as the help prints them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  /** A bug, or a store that cannot go on; EX_SOFTWARE of sysexits.h. */
  internal: 70,
  interrupted: 130,
  /** Standard output was closed, as by `| head`: 128 + SIGPIPE. */
  outputClosed: 141,
  terminated: 143,
} as const

/** `message` says what is wrong, `advice` what to do about it; neither ends with a line break. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly advice: string | undefined
  readonly exitCode: number

  constructor(
    message: string,
    {
      advice,
      exitCode = exitCodes.failed,
      cause,
    }: { advice?: string | undefined; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.advice = advice
    this.exitCode = exitCode
  }
}

/** The command line itself is wrong; every problem found is in the message. */
export function usageError(message: string): CliError {
  return new CliError(message, { exitCode: exitCodes.usage })
}
