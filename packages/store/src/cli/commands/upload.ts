import {
  CliError,
  clusterSecretOption,
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
  readClusterSecret,
  runCommand,
  urlArgument,
  usageError,
} from '@backpack/command-line'
import type { Secret } from '@backpack/signing'
import { createReadStream } from 'node:fs'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { blobAddress, defaultUrl, showAddress } from '../../client/blob-address.js'
import { putBlob } from '../http-transfer.js'
import { checksumOfFile } from '../../client/sign-transfer.js'
import { findUploads, type Upload } from '../upload-sources.js'

const uploadsAtOnce = 4

const schema = z.object({
  files: z.array(z.string()),
  url: urlArgument,
  name: z.string().min(1, 'must not be empty').optional(),
  contentType: z.string().min(1, 'must not be empty').optional(),
  clusterSecretFile: pathArgument.optional(),
  json: z.boolean(),
  quiet: z.boolean(),
})

export const uploadCommand: CommandModule = {
  command: 'upload <files..>',
  describe: 'Upload files to a running store; - reads standard input',
  builder: (yargs) =>
    yargs
      .positional('files', {
        type: 'string',
        array: true,
        describe: 'Files; each is stored under its own name',
      })
      .options({
        url: { type: 'string', default: defaultUrl, describe: 'Where the store is' },
        name: { type: 'string', describe: 'Store the file, only one, under this name' },
        'content-type': { type: 'string', describe: "Default: by the file's extension" },
        ...clusterSecretOption,
        ...jsonOption,
        ...quietOption,
      })
      .example([
        ['$0 upload cat.jpg', 'Store cat.jpg as http://127.0.0.1:10001/cat.jpg'],
        ['$0 upload cat.jpg --name pets/1.jpg', 'Store it under another name'],
        ['$0 upload *.jpg --url http://10.0.0.5:10001', 'Store many, elsewhere'],
        ['echo hello | $0 upload - --name hello.txt', 'Store what another program prints'],
      ]),
  handler: (argv) =>
    runCommand(async (signal) => {
      const args = parseArguments(schema, argv)
      if (args.name !== undefined && args.files.length > 1) throw usageError('name: is for one file only')
      const secret = await readClusterSecret(args.clusterSecretFile)
      const found = await findUploads(args.files, { name: args.name, signal })
      try {
        return await uploadAll(found.uploads, { ...args, secret }, signal)
      } finally {
        await found.release()
      }
    }),
}

type UploadArguments = z.output<typeof schema> & { readonly secret: Secret | undefined }

/** Goes on with the other files when one is refused; gives the exit code. */
async function uploadAll(
  uploads: readonly Upload[],
  args: UploadArguments,
  signal: AbortSignal,
): Promise<number> {
  const total = uploads.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const progress = new Progress({
    label: 'uploading',
    unit: 'bytes',
    total,
    enabled: !args.json && !args.quiet,
  })
  const waiting = [...uploads]
  let failed = 0
  const work = async () => {
    for (let upload = waiting.shift(); upload !== undefined; upload = waiting.shift()) {
      signal.throwIfAborted()
      const problem = await uploadOne(upload, args, { signal, progress })
      if (problem === undefined) continue
      failed++
      printNote(`${upload.path}: ${problem}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: uploadsAtOnce }, work))
  } finally {
    waiting.length = 0
    progress.stop()
  }
  if (failed > 0) printNote(`${countOf(failed, 'file')} of ${uploads.length} not uploaded.`)
  return failed === 0 ? exitCodes.done : exitCodes.failed
}

/** Undefined when it was stored, else why it was refused. Throws when nobody can be reached. */
async function uploadOne(
  upload: Upload,
  { url, contentType, json, secret }: UploadArguments,
  { signal, progress }: { signal: AbortSignal; progress: Progress },
): Promise<string | undefined> {
  const { path, name, sizeBytes } = upload
  const address = blobAddress(url, name)
  try {
    const { status, headers } = await putBlob(createReadStream(upload.readFrom), {
      address,
      signal,
      secret,
      sizeBytes,
      contentType: contentType ?? upload.contentType,
      checksum: secret && (await checksumOfFile(upload.readFrom)),
      onBytes: (bytes) => progress.advance(bytes),
    })
    const stored = { file: path, name, url: showAddress(address), sizeBytes, created: status === 201 }
    if (json) printJson({ ...stored, etag: headers.etag ?? null })
    else printLine(`Stored ${stored.url} (${formatBytes(sizeBytes)})`)
    return undefined
  } catch (error) {
    if (!(error instanceof CliError) || error.advice !== undefined || signal.aborted) throw error
    return error.message
  }
}
