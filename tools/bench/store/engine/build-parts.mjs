// Bundles engine-parts.ts, so that rows can use the engine from the inside with the very code that ships.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { workspaceRoot } from '../../../setup/commands.mjs'

const entryPath = fileURLToPath(new URL('engine-parts.ts', import.meta.url))

/** The built package, as its users import it. */
export const distPath = join(workspaceRoot, 'packages', 'store', 'dist', 'index.js')

/** Returns the path of the bundle (CommonJS) in `work`. */
export async function buildEngineParts(work) {
  const tsupPath = createRequire(join(workspaceRoot, 'packages', 'store', 'package.json')).resolve('tsup')
  const { build } = await import(pathToFileURL(tsupPath).href)
  await build({
    config: false,
    entry: { 'engine-parts': entryPath },
    outDir: join(work, 'engine'),
    outExtension: () => ({ js: '.cjs' }),
    format: ['cjs'],
    platform: 'node',
    target: 'node20',
    noExternal: [/.*/],
    silent: true,
  })
  return join(work, 'engine', 'engine-parts.cjs')
}
