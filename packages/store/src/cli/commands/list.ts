import {
  formatBytes,
  jsonOption,
  parseArguments,
  pathArgument,
  printLines,
  quietOption,
  runCommand,
  showName,
  toJson,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import type { ScanEntry } from '../../scan.js'
import type { Store } from '../../store.js'
import { describeBlob } from '../describe-blob.js'
import { openReadOnly } from '../open-store.js'

const sizeWidth = 9

const schema = z.object({
  directory: pathArgument,
  after: z
    .string()
    .regex(/^\d{1,7}:\d{1,10}$/, 'must be the cursor of an entry that --json printed, such as 1:4096')
    .optional(),
  long: z.boolean(),
  json: z.boolean(),
  quiet: z.boolean(),
})

export const listCommand: CommandModule = {
  command: 'list <directory>',
  describe: 'List the names of all blobs, in the order in which they are stored',
  builder: (yargs) =>
    yargs
      .positional('directory', { type: 'string', describe: 'The data directory; its daemon may run' })
      .options({
        long: { type: 'boolean', default: false, describe: 'Also print size and time' },
        after: { type: 'string', describe: 'Go on behind this entry: the cursor that --json printed' },
        ...jsonOption,
        ...quietOption,
      })
      .example([
        ['$0 list ./data', 'Print every name'],
        ['$0 list ./data --long', 'With size and time'],
        ['$0 list ./data --json', 'One JSON object per line'],
        ['$0 list ./data --json --after 1:4096', 'Only what is stored behind that entry'],
      ]),
  handler: (argv) =>
    runCommand(async (signal) => {
      const { directory, after, long, json, quiet } = parseArguments(schema, argv)
      const store = await openReadOnly(directory, { quiet: quiet || json })
      try {
        const show = json ? jsonLine : long ? longLine : ({ info }: ScanEntry) => showName(info.name)
        await printLines(lines(store, after, show), signal)
      } finally {
        await store.close()
      }
    }),
}

async function* lines(store: Store, after: string | undefined, show: (entry: ScanEntry) => string) {
  for await (const entry of store.scan({ after })) yield show(entry)
}

/** The index logs, which are what is read here, do not know content types. */
function jsonLine({ info, cursor }: ScanEntry): string {
  const { contentType, ...described } = describeBlob(info)
  return toJson({ ...described, cursor })
}

function longLine({ info }: ScanEntry): string {
  const time = new Date(info.modifiedAtMs).toISOString().slice(0, 19)
  return `${formatBytes(info.sizeBytes).padStart(sizeWidth)}  ${time}Z  ${showName(info.name)}`
}
