// Where the programs of this workspace are: the cluster is made of what users run.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folders = {
  backpack: 'packages/store',
  'backpack-coordinator': 'packages/coordinator',
  'backpack-replicator': 'packages/replicator',
  'backpack-cluster': 'tools',
}

/** The file behind a command such as `backpack-coordinator-add-shard`. Throws when its package is not built. */
export function programPath(command: string): string {
  const [name, folder] =
    Object.entries(folders).find(([name]) => name !== 'backpack' && command.startsWith(name)) ??
    (['backpack', folders.backpack] as const)
  const packageFolder = join(workspaceFolder(), folder)
  const path = join(packageFolder, 'bin', `${command}.cjs`)
  if (!existsSync(path)) throw new TypeError(`There is no command ${command}: ${path} does not exist`)
  if (!existsSync(join(packageFolder, 'dist'))) {
    throw new Error(`${name} is not built (${packageFolder} has no dist): npm run build`)
  }
  return path
}

/** The folder that holds all packages. This file stands at another depth when it is built. */
export function workspaceFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'pnpm-workspace.yaml'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('The test cluster must lie in its workspace: it runs its packages')
    folder = parent
  }
  return folder
}
