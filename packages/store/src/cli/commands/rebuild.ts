import {
  countOf,
  exitCodes,
  formatBytes,
  jsonOption,
  parseArguments,
  pathArgument,
  printJson,
  printLine,
  printNote,
  Progress,
  quietOption,
  runCommand,
} from '@backpack/command-line'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { DirectoryLock } from '../../disk/directory-lock.js'
import { nodeDiskFiles } from '../../disk/disk-files.js'
import { isUnborn, readIdentity, volumesDirectory } from '../../recovery/open-directory.js'
import { noteLog } from '../open-store.js'
import { type RebuiltIndex, rebuildIndex } from '../../recovery/rebuild-index.js'

const volumeFile = /^\d{8}\.volume$/

const schema = z.object({ directory: pathArgument, json: z.boolean(), quiet: z.boolean() })

export const rebuildCommand: CommandModule = {
  command: 'rebuild <directory>',
  describe: 'Throw the index logs away and write them anew from the volumes',
  builder: (yargs) =>
    yargs
      .positional('directory', { type: 'string', describe: 'The data directory; its daemon must be stopped' })
      .options({ ...jsonOption, ...quietOption })
      .example([['$0 rebuild ./data', 'Read every volume and write its index log anew']]),
  handler: (argv) =>
    runCommand((signal) => {
      const { directory, json, quiet } = parseArguments(schema, argv)
      return rebuild(directory, { json, quiet, signal })
    }),
}

async function rebuild(
  directory: string,
  { json, quiet, signal }: { json: boolean; quiet: boolean; signal: AbortSignal },
): Promise<number> {
  await readIdentity(directory, { files: nodeDiskFiles, writable: false, log: noteLog })
  const lock = DirectoryLock.take(directory)
  try {
    const folder = volumesDirectory(directory)
    const names = await volumesIn(folder)
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
    const total = sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0)
    const progress = new Progress({ label: 'rebuilding', unit: 'bytes', total, enabled: !json && !quiet })
    const rebuilt: RebuiltIndex[] = []
    try {
      for (const name of names) {
        const onBytes = (bytes: number) => progress.advance(bytes)
        rebuilt.push(await rebuildIndex(folder, name, { signal, onBytes }))
      }
    } finally {
      progress.stop()
    }
    if (json) printJson(rebuilt)
    else report(rebuilt, total)
    return exitCodes.done
  } finally {
    lock.release()
  }
}

/** Without those whose creation was cut short: the next opening removes them. */
async function volumesIn(folder: string): Promise<string[]> {
  const names: string[] = []
  for (const name of (await readdir(folder)).sort()) {
    if (volumeFile.test(name) && !(await isUnborn(folder, name))) names.push(name)
  }
  return names
}

function report(rebuilt: readonly RebuiltIndex[], sizeBytes: number): void {
  const needles = rebuilt.reduce((sum, each) => sum + each.needles, 0)
  const volumes = `${countOf(rebuilt.length, 'volume')} (${formatBytes(sizeBytes)})`
  printLine(`Rebuilt the index logs of ${volumes}: ${countOf(needles, 'needle')}`)
  for (const { volumeId, damagedBytes, damagedNeedles } of rebuilt) {
    if (damagedBytes === 0 && damagedNeedles === 0) continue
    const lost = `${countOf(damagedNeedles, 'blob')} with damaged data, ${formatBytes(damagedBytes)} unknown`
    printNote(`Warning: volume ${volumeId} is damaged: ${lost}. \`backpack check\` says more.`)
  }
}
