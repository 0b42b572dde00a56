import {
  CliError,
  clusterSecretOption,
  formatBytes,
  parseArguments,
  pathArgument,
  printNote,
  Progress,
  quietOption,
  readClusterSecret,
  runCommand,
  urlArgument,
} from '@backpack/command-line'
import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { blobAddress, defaultUrl } from '../../client/blob-address.js'
import { type Answer, getBlob, type Transfer } from '../http-transfer.js'

const standardOutput = '-'
const readableType = /^(text\/|application\/(json|xml|javascript|.*\+(json|xml)))/

const schema = z.object({
  name: z.string().min(1, 'must not be empty'),
  url: urlArgument,
  output: z.string().min(1, 'must not be empty'),
  range: z
    .string()
    .regex(/^(\d+-\d*|-\d+)$/, 'must be first-last, first- or -count, such as 0-99')
    .optional(),
  clusterSecretFile: pathArgument.optional(),
  quiet: z.boolean(),
})

export const getCommand: CommandModule = {
  command: 'get <name>',
  describe: 'Get a blob from a running store',
  builder: (yargs) =>
    yargs
      .positional('name', { type: 'string', describe: 'The name it was stored under' })
      .options({
        url: { type: 'string', default: defaultUrl, describe: 'Where the store is' },
        output: {
          type: 'string',
          default: standardOutput,
          describe: 'Write to this file; - is standard output',
        },
        range: { type: 'string', describe: 'Only these bytes: first-last (both included), first- or -count' },
        ...clusterSecretOption,
        ...quietOption,
      })
      .example([
        ['$0 get pets/1.jpg --output cat.jpg', 'Get a photo into a file'],
        ['$0 get hello.txt', 'Print a text'],
        ['$0 get big.tif --range 0-1023 --output head', 'Get the first 1,024 bytes'],
      ]),
  handler: (argv) =>
    runCommand(async (signal) => {
      const { name, url, output, range, quiet, clusterSecretFile } = parseArguments(schema, argv)
      const secret = await readClusterSecret(clusterSecretFile)
      const progress = new Progress({ label: 'getting', unit: 'bytes', enabled: !quiet })
      const transfer = {
        address: blobAddress(url, name),
        range,
        signal,
        secret,
        onBytes: (bytes: number) => progress.advance(bytes),
      }
      const onAnswer = ({ headers }: Answer) => progress.setTotal(Number(headers['content-length']))
      try {
        if (output === standardOutput) await getToOutput(transfer, onAnswer)
        else await getToFile(transfer, { output, onAnswer, quiet })
      } finally {
        progress.stop()
      }
    }),
}

type RangeTransfer = Transfer & { range: string | undefined }
type OnAnswer = (answer: Answer) => void

async function getToOutput(transfer: RangeTransfer, onAnswer: OnAnswer): Promise<void> {
  await getBlob(transfer, (answer) => {
    const contentType = answer.headers['content-type'] ?? ''
    if (process.stdout.isTTY && !readableType.test(contentType)) {
      throw new CliError(`This is ${contentType}, which would spoil the terminal.`, {
        advice: 'Write it to a file with --output <file>, or pipe it into a program.',
      })
    }
    onAnswer(answer)
    return process.stdout
  })
}

/** The file appears whole and checked, or not at all. */
async function getToFile(
  transfer: RangeTransfer,
  { output, onAnswer, quiet }: { output: string; onAnswer: OnAnswer; quiet: boolean },
): Promise<void> {
  const present = await stat(output).catch(() => undefined)
  if (present?.isDirectory() === true) throw new CliError(`${output}: is a directory; name a file in it`)
  const partial = `${output}.partial-${process.pid}`
  try {
    await getBlob(transfer, (answer) => {
      onAnswer(answer)
      return createWriteStream(partial, { flags: 'wx' })
    })
    await rename(partial, output)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  if (!quiet) printNote(`Wrote ${output} (${formatBytes((await stat(output)).size)})`)
}
