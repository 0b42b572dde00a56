import { type CommandOf2013, printLines } from '@backpack/command-line'
import { readIndex, recordLine } from '../read-index.js'

export const dumpLog: CommandOf2013 = {
  arguments: ['<data file>'],
  about: 'Prints name, offset and length of every needle of a volume (.volume) or index log (.index).',
  example: '/var/backpack/volumes/00000001.volume',
  run: ([file = ''], signal) => printLines(lines(file), signal),
}

async function* lines(file: string) {
  for await (const record of readIndex(file)) {
    if (!record.damage) yield recordLine(record)
  }
}
