// Builds `backpack-cluster` from source, away from dist/, and runs it as the process that admins run.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { afterAll, beforeAll } from 'vitest'

const toolsFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** Inside the package, so that the built files find its dependencies. */
const cacheFolder = join(toolsFolder, 'node_modules', '.cache')
let folder = ''

/** To be called once at the top of a test file: builds before its tests, removes the build after them. */
export function useBuiltCli(): void {
  beforeAll(async () => {
    mkdirSync(cacheFolder, { recursive: true })
    folder = mkdtempSync(join(cacheFolder, 'cli-'))
    cpSync(join(toolsFolder, 'bin'), join(folder, 'bin'), { recursive: true })
    cpSync(join(toolsFolder, 'package.json'), join(folder, 'package.json'))
    await build({
      config: false,
      entry: { 'backpack-cluster/main': join(toolsFolder, 'src', 'backpack-cluster', 'main.ts') },
      outDir: join(folder, 'dist'),
      format: ['esm'],
      target: 'node20',
      platform: 'node',
      noExternal: [/^@backpack\/(cluster-model|command-line|signing)$/],
      external: ['zookeeper'],
      splitting: true,
      dts: false,
      silent: true,
    })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
}

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** The variables of the command's environment that begin with BACKPACK_. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What it reads from standard input; empty without. */
  readonly input?: string
}

/** Starts the command without waiting for it. Whoever starts it ends it, and its standard input. */
export function startCli(args: readonly string[], { env = {}, cwd, input }: RunOptions = {}): ChildProcess {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('BACKPACK_'))
  const child = spawn(process.execPath, [join(folder, 'bin', 'backpack-cluster.cjs'), ...args], {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(own), ...env },
    cwd,
  })
  child.stdin?.write(input)
  return child
}

/** Runs the command to its end. */
export async function backpackCluster(args: readonly string[], options: RunOptions = {}): Promise<CliResult> {
  const child = startCli(args, options)
  child.stdin?.end()
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...output }
}
