// Builds the command line from source, away from dist/, so that tests can start it as the processes that users run.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { afterAll, beforeAll } from 'vitest'

const packageFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** Inside the package, so that the built files find its dependencies. */
const cacheFolder = join(packageFolder, 'node_modules', '.cache')
let folder = ''

/** To be called once at the top of a test file: builds before its tests, removes the build after them. */
export function useBuiltCli(): void {
  beforeAll(async () => {
    mkdirSync(cacheFolder, { recursive: true })
    folder = mkdtempSync(join(cacheFolder, 'cli-'))
    cpSync(join(packageFolder, 'bin'), join(folder, 'bin'), { recursive: true })
    cpSync(join(packageFolder, 'package.json'), join(folder, 'package.json'))
    await build({
      config: false,
      entry: { 'cli/main': join(packageFolder, 'src', 'cli', 'main.ts') },
      outDir: join(folder, 'dist'),
      format: ['esm'],
      target: 'node20',
      platform: 'node',
      external: ['zookeeper'],
      splitting: true,
      dts: false,
      silent: true,
    })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
}

/** Where a command is once it is built: to be started as any program, with `node`. */
export function builtBin(bin: string): string {
  return join(folder, 'bin', `${bin}.cjs`)
}
