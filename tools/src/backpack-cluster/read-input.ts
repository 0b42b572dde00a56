// Files that a command is given, or standard input for `-`: secrets come that way, never as arguments.
import { CliError } from '@backpack/command-line'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'

/** Its text. Throws CliError above `bytesMax`, and what reading throws. */
export async function readInput(file: string, { bytesMax }: { readonly bytesMax: number }): Promise<string> {
  const source: Readable = file === '-' ? process.stdin : createReadStream(file)
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > bytesMax) throw new CliError(`${nameOfInput(file)} has more than ${bytesMax} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** For messages. */
export function nameOfInput(file: string): string {
  return file === '-' ? 'Standard input' : file
}
