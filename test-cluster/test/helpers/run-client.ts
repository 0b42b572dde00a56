import { runProgram } from '../../src/index.js'

/** What a program of the machine printed; rejects, with what it said, when it fails. */
export async function runClient(
  program: string,
  args: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { exitCode, stdout, stderr } = await runProgram(program, args)
  if (exitCode !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${exitCode}:\n${stderr}${stdout}`)
  return { stdout, stderr }
}

/** What curl got: the status, and what it printed. */
export async function curl(
  url: string,
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly printed: string }> {
  const { stdout } = await runClient('curl', ['-sS', '-w', '\n%{http_code}', ...args, url])
  const end = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(end + 1)), printed: stdout.slice(0, end) }
}
