import {
  jsonOption,
  parseArguments,
  pathArgument,
  printLines,
  runCommand,
  showName,
  toJson,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import type { IndexRecord } from '../../index/index-format.js'
import { formatVersion } from '../../needle/blob-version.js'
import { formatChecksum } from '../describe-blob.js'
import { readIndex, recordLine } from '../read-index.js'

const schema = z.object({ file: pathArgument, json: z.boolean() })

export const dumpIndexCommand: CommandModule = {
  command: 'dump-index <file>',
  describe: 'Print every needle of one volume: name, offset, length',
  builder: (yargs) =>
    yargs
      .positional('file', { type: 'string', describe: 'An .index or .volume file; its daemon may run' })
      .options(jsonOption)
      .example([
        ['$0 dump-index ./data/volumes/00000001.index', 'What the index log says'],
        ['$0 dump-index ./data/volumes/00000001.volume', 'And what it does not cover yet'],
        ['$0 dump-index ./data/volumes/00000001.index --json', 'With versions and checksums'],
      ]),
  handler: (argv) =>
    runCommand(async (signal) => {
      const { file, json } = parseArguments(schema, argv)
      await printLines(lines(file, json ? jsonLine : (record) => showName(recordLine(record))), signal)
    }),
}

async function* lines(file: string, show: (record: IndexRecord) => string) {
  for await (const record of readIndex(file)) yield show(record)
}

function jsonLine(record: IndexRecord): string {
  const { offsetBytes, lengthBytes, tombstone, damage } = record
  const place = { offsetBytes, lengthBytes, damage }
  if (damage) return toJson(place)
  return toJson({
    name: record.name.toString('utf8'),
    ...place,
    tombstone,
    version: formatVersion(record.version),
    sizeBytes: record.dataLength,
    checksum: formatChecksum(record.dataChecksum),
  })
}
