import {
  CliError,
  formatBytes,
  formatCount,
  jsonOption,
  parseArguments,
  pathArgument,
  printJson,
  printLine,
  runCommand,
  showName,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import type { Store } from '../../store.js'
import { type BlobDescription, describeBlob } from '../describe-blob.js'
import { openReadOnly } from '../open-store.js'

const labelWidth = 14

const schema = z.object({ directory: pathArgument, name: z.string(), json: z.boolean() })

export const infoCommand: CommandModule = {
  command: 'info <directory> <name>',
  describe: 'Show where a blob is and what is known of it, and verify its data',
  builder: (yargs) =>
    yargs
      .positional('directory', { type: 'string', describe: 'The data directory; its daemon may run' })
      .positional('name', { type: 'string', describe: "The blob's name" })
      .options(jsonOption)
      .example([
        ['$0 info ./data pets/1.jpg', 'For people'],
        ['$0 info ./data pets/1.jpg --json', 'For machines'],
      ]),
  handler: (argv) =>
    runCommand(async (signal) => {
      const { directory, name, json } = parseArguments(schema, argv)
      const store = await openReadOnly(directory, { quiet: json })
      try {
        const blob = await verifyBlob(store, name, signal)
        if (json) printJson({ ...blob, verified: true })
        else printFacts(blob)
      } finally {
        await store.close()
      }
    }),
}

/** Reads all data, so that a description that comes back is one of sound bytes. Throws BLOB_DAMAGED. */
async function verifyBlob(store: Store, name: string, signal: AbortSignal): Promise<BlobDescription> {
  const blob = await store.openBlob(name)
  if (blob === undefined) throw new CliError(`There is no blob named ${showName(name)}.`)
  const described = describeBlob(blob.info)
  if (blob.deleted) {
    const { modifiedAt, version } = described
    throw new CliError(`${showName(name)} was deleted at ${modifiedAt} (version ${version}).`)
  }
  for await (const _chunk of blob.read()) signal.throwIfAborted()
  return described
}

function printFacts(blob: BlobDescription): void {
  const facts: [string, string][] = [
    ['name', showName(blob.name)],
    ['size', `${formatBytes(blob.sizeBytes)} (${formatCount(blob.sizeBytes)} bytes)`],
    ['content type', blob.contentType ?? 'not given'],
    ['stored at', blob.modifiedAt],
    ['version', blob.version],
    ['etag', blob.etag],
    ['checksum', `${blob.checksum} (CRC-32, verified)`],
    ['volume', String(blob.volumeId)],
    ['offset', `${blob.offsetBytes} (${formatCount(blob.lengthBytes)} bytes with header and name)`],
  ]
  for (const [label, fact] of facts) printLine(`${label.padEnd(labelWidth)}${fact}`)
}
