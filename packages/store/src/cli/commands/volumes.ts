import {
  countOf,
  formatBytes,
  formatTable,
  jsonOption,
  parseArguments,
  pathArgument,
  printJson,
  printLine,
  runCommand,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import type { VolumeStats } from '../../stats.js'
import { openReadOnly } from '../open-store.js'

const schema = z.object({ directory: pathArgument, json: z.boolean() })

export const volumesCommand: CommandModule = {
  command: 'volumes <directory>',
  describe: 'Show the volumes of a store: sizes, state, damage',
  builder: (yargs) =>
    yargs
      .positional('directory', { type: 'string', describe: 'The data directory; its daemon may run' })
      .options(jsonOption)
      .example([
        ['$0 volumes ./data', 'A table'],
        ['$0 volumes ./data --json', 'One JSON array'],
      ]),
  handler: (argv) =>
    runCommand(async () => {
      const { directory, json } = parseArguments(schema, argv)
      const store = await openReadOnly(directory, { quiet: json })
      try {
        const { volumes, usedBytes } = await store.stats()
        if (json) {
          printJson(volumes)
          return
        }
        const rows = volumes.map(describeRow)
        const headings = ['>volume', '>size', '>index', 'state', '>damaged regions', '>damaged']
        for (const line of formatTable(headings, rows)) printLine(line)
        printLine(`${countOf(volumes.length, 'volume')}, ${formatBytes(usedBytes)} with their index logs`)
      } finally {
        await store.close()
      }
    }),
}

function describeRow({ id, sizeBytes, indexBytes, sealed, writable, ...damage }: VolumeStats): string[] {
  return [
    String(id),
    formatBytes(sizeBytes),
    formatBytes(indexBytes),
    sealed ? 'sealed after a failure' : writable ? 'has room' : 'full',
    String(damage.damagedRegions),
    formatBytes(damage.damagedBytes),
  ]
}
