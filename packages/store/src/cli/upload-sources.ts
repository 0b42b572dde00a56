// What `backpack upload` was asked to send. Looked at before the first byte leaves, every problem at once.
import { CliError, usageError } from '@backpack/command-line'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { guessContentType } from '../http/guess-content-type.js'
import { blobBytesMax } from '../needle/needle-format.js'

const standardInput = '-'

export interface Upload {
  /** As the user gave it. */
  readonly path: string
  readonly readFrom: string
  readonly name: string
  readonly sizeBytes: number
  readonly contentType: string | undefined
}

/** Throws CliError for files that cannot be uploaded. release() removes what was made of standard input. */
export async function findUploads(
  paths: readonly string[],
  { name, signal }: { name: string | undefined; signal: AbortSignal },
): Promise<{ uploads: Upload[]; release(): Promise<void> }> {
  let spool: string | undefined
  const release = async () => {
    if (spool !== undefined) await rm(spool, { recursive: true, force: true })
  }
  try {
    const readFrom = new Map<string, string>()
    if (paths.includes(standardInput)) {
      if (name === undefined) throw usageError('name: standard input has none; give one with --name')
      spool = await mkdtemp(join(tmpdir(), 'backpack-upload-'))
      readFrom.set(standardInput, await spoolInput(spool, signal))
    }
    const found = await Promise.all(
      paths.map((path) => lookAt(path, { readFrom: readFrom.get(path) ?? path, name })),
    )
    const uploads = found.filter((each) => typeof each !== 'string')
    const problems = [...found.filter((each) => typeof each === 'string'), ...sameNames(uploads)]
    if (problems.length > 0) throw new CliError(problems.join('\n'))
    return { uploads, release }
  } catch (error) {
    await release()
    throw error
  }
}

async function lookAt(
  path: string,
  { readFrom, name }: { readFrom: string; name: string | undefined },
): Promise<Upload | string> {
  const stats = await stat(readFrom).catch((error: NodeJS.ErrnoException) => error)
  if (stats instanceof Error)
    return `${path}: ${stats.code === 'ENOENT' ? 'there is no such file' : stats.message}`
  if (stats.isDirectory()) return `${path}: is a directory; \`backpack import\` takes whole trees`
  if (!stats.isFile()) return `${path}: is not a regular file; pipe it in and upload -`
  if (stats.size === 0) return `${path}: is empty; a blob has at least one byte`
  if (stats.size > blobBytesMax) return `${path}: is larger than 1 GB, the most that a blob may have`
  const contentType = path === standardInput ? undefined : guessContentType(path)
  return { path, readFrom, name: name ?? basename(path), sizeBytes: stats.size, contentType }
}

function sameNames(uploads: readonly Upload[]): string[] {
  const taken = new Map<string, string>()
  return uploads.flatMap(({ path, name }) => {
    const other = taken.get(name)
    taken.set(name, path)
    return other === undefined || other === path
      ? []
      : [`${other} and ${path} would both be stored as ${name}; \`backpack import\` keeps the folders`]
  })
}

/** The daemon wants to know the length, so standard input is gathered in a file first. */
async function spoolInput(directory: string, signal: AbortSignal): Promise<string> {
  const path = join(directory, 'stdin')
  let sizeBytes = 0
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length
      if (sizeBytes > blobBytesMax)
        done(new CliError('Standard input has more than 1 GB, the most that a blob may have'))
      else done(null, chunk)
    },
  })
  await pipeline(process.stdin, limit, createWriteStream(path, { mode: 0o600 }), { signal })
  return path
}
