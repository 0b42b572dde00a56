import {
  CliError,
  countOf,
  exitCodes,
  formatBytes,
  parseArguments,
  pathArgument,
  printNote,
  Progress,
  quietOption,
  reportError,
  runCommand,
} from '@backpack/command-line'
import { realpath } from 'node:fs/promises'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { DirectorySink } from '../../export/directory-sink.js'
import { ownFolder } from '../../export/export-path.js'
import type { ExportSink } from '../../export/export-sink.js'
import { FileOutput, StreamOutput } from '../../export/ndjson-outputs.js'
import { NdjsonSink } from '../../export/ndjson-sink.js'
import { type ExportSummary, runExport } from '../../export/run-export.js'
import type { BlobInfo } from '../../blob-info.js'
import type { Store } from '../../store.js'
import { openReadOnly } from '../open-store.js'
import { isInside } from '../path-inside.js'

const standardOutput = '-'

const schema = z.object({
  directory: pathArgument,
  target: pathArgument,
  format: z.enum(['directory', 'ndjson']),
  after: z
    .string()
    .regex(/^\d{1,7}:\d{1,10}$/, 'must be the cursor that an earlier export printed, such as 1:4096')
    .optional(),
  quiet: z.boolean(),
})

export const exportCommand: CommandModule = {
  command: 'export <directory> <target>',
  describe: 'Write all blobs to a directory tree, or as lines of JSON',
  builder: (yargs) =>
    yargs
      .positional('directory', { type: 'string', describe: 'The data directory; its daemon may run' })
      .positional('target', {
        type: 'string',
        describe: 'A directory, or with --format ndjson a new file; - is standard output',
      })
      .options({
        format: {
          choices: ['directory', 'ndjson'] as const,
          default: 'directory',
          describe: 'directory: a file per blob, its name is the path; ndjson: a line of JSON per blob',
        },
        after: { type: 'string', describe: 'Go on where an earlier export ended: the cursor it printed' },
        ...quietOption,
      })
      .example([
        ['$0 export ./data ./photos', 'Write every blob as a file below ./photos'],
        ['$0 export ./data all.ndjson --format ndjson', 'Write names, facts and data into one file'],
        ['$0 export ./data - --format ndjson | gzip > all.gz', 'The same through a pipe'],
        ['$0 export ./data ./photos --after 1:4096', 'Go on with an interrupted export'],
      ])
      .epilogue(
        `Names that cannot be paths, such as ../a or a beside a/b, are written below ${ownFolder}/ in the target;\n${ownFolder}/escaped.ndjson says which. A line of JSON has name, sizeBytes, contentType, version,\nchecksum (CRC-32, hex), modifiedAt and dataBase64.`,
      ),
  handler: (argv) =>
    runCommand(async (signal) => {
      const args = parseArguments(schema, argv)
      const store = await openReadOnly(args.directory, { quiet: args.quiet })
      try {
        return await exportAll(store, args, signal)
      } finally {
        await store.close()
      }
    }),
}

type ExportArguments = z.output<typeof schema>

async function exportAll(
  store: Store,
  args: ExportArguments,
  signal: AbortSignal,
): Promise<number | undefined> {
  const sink = await openSink(args, signal)
  const progress = new Progress({ label: 'exporting', unit: 'bytes', enabled: !args.quiet })
  try {
    const onBlob = await followVolumes(store, progress)
    const { summary, failure } = await runExport({ store, sink, after: args.after, signal, onBlob })
    progress.stop()
    printSummary(summary, { complete: failure === undefined && !summary.interrupted })
    if (signal.aborted) return undefined
    if (failure !== undefined) return reportError(failure)
    return summary.damagedRegions === 0 ? exitCodes.done : exitCodes.failed
  } finally {
    progress.stop()
    await sink.close()
  }
}

async function openSink(
  { directory, target, format, after }: ExportArguments,
  signal: AbortSignal,
): Promise<ExportSink> {
  const continued = after !== undefined
  if (format === 'directory') {
    if (await isInside(target, await realpath(directory))) {
      throw new CliError(`${target} lies inside the store; nothing but the store may write there.`)
    }
    return DirectorySink.open(target, { continued })
  }
  if (target === standardOutput) return new NdjsonSink(new StreamOutput(process.stdout, signal))
  try {
    return new NdjsonSink(await FileOutput.open(target, { continued }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new CliError(`${target} is there already.`, {
      advice: 'Name a new file, or go on with an interrupted export: --after <cursor>.',
      cause: error,
    })
  }
}

/** Progress is the place in the volumes: it can be told without counting blobs first. */
async function followVolumes(store: Store, progress: Progress): Promise<(info: BlobInfo) => void> {
  const startsBytes = new Map<number, number>()
  let totalBytes = 0
  for (const { id, sizeBytes } of (await store.stats()).volumes) {
    startsBytes.set(id, totalBytes)
    totalBytes += sizeBytes
  }
  progress.setTotal(totalBytes)
  let shownBytes = 0
  return ({ location }) => {
    const startBytes = startsBytes.get(location.volumeId) ?? 0
    const placeBytes = startBytes + location.offsetBytes + location.lengthBytes
    progress.advance(placeBytes - shownBytes)
    shownBytes = placeBytes
  }
}

/** On standard error: the blobs themselves may go to standard output. */
function printSummary(
  { blobs, bytes, escaped, damagedRegions, cursor }: ExportSummary,
  { complete }: { complete: boolean },
): void {
  printNote(`Exported ${countOf(blobs, 'blob')} (${formatBytes(bytes)}).`)
  if (escaped > 0) {
    printNote(
      `${countOf(escaped, 'name')} cannot be a path here: see ${ownFolder}/escaped.ndjson in the target.`,
    )
  }
  if (damagedRegions > 0) {
    printNote(
      `${countOf(damagedRegions, 'damaged region')} left out; \`backpack check\` says what was in them.`,
    )
  }
  if (!complete && cursor !== undefined) printNote(`To go on from here, add: --after ${cursor}`)
}
