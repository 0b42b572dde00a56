import {
  CliError,
  type CommandOf2013,
  parseArguments,
  portArgument,
  printLine,
  Progress,
  readClusterSecret,
} from '@backpack/command-line'
import { createReadStream } from 'node:fs'
import { rawAddress, showAddress } from '../../client/blob-address.js'
import { putBlob } from '../http-transfer.js'
import { checksumOfFile } from '../../client/sign-transfer.js'
import { findUploads } from '../upload-sources.js'

export const upload: CommandOf2013 = {
  arguments: ['<host>', '<port>', '</path/to/file>', '<upload path>'],
  about: 'Uploads a file to a running store.',
  example: '127.0.0.1 10001 /etc/hosts my/hosts',
  async run([host = '', port = '', path = '', uploadPath = ''], signal) {
    const portNumber = parseArguments(portArgument, port)
    const base = `http://${host.includes(':') ? `[${host}]` : host}:${portNumber}`
    if (!URL.canParse(base)) throw new CliError(`${host} is no address or host name`)
    // The commands of 2013 take no options: the secret comes from the environment.
    const secret = await readClusterSecret(undefined)
    const address = rawAddress(new URL(base), uploadPath)
    const { uploads, release } = await findUploads([path], { name: uploadPath, signal })
    try {
      for (const { readFrom, sizeBytes, contentType } of uploads) {
        const progress = new Progress({ label: 'uploading', unit: 'bytes', total: sizeBytes, enabled: true })
        const onBytes = (bytes: number) => progress.advance(bytes)
        const checksum = secret && (await checksumOfFile(readFrom))
        const transfer = { address, signal, secret, onBytes, sizeBytes, contentType, checksum }
        await putBlob(createReadStream(readFrom), transfer).finally(() => progress.stop())
        printLine(`File successfully uploaded: ${showAddress(address)}`)
      }
    } finally {
      await release()
    }
  },
}
