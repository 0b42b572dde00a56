// Reads a small file whole. Nothing that could keep its reader waiting, or has no end, is taken for one.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Rejects with the error of the system, which has a `code`, or with one without: the file is no regular one, or larger than
 * `bytesMax`. Its message says so and does not name the file.
 */
export async function readRegularFile(
  file: string,
  { bytesMax }: { readonly bytesMax: number },
): Promise<Buffer> {
  // Opening a pipe would wait for its writer.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is no regular file')
    const bytes = await readUpTo(handle, bytesMax + 1)
    if (bytes.length > bytesMax) throw new Error(`it is larger than ${bytesMax} bytes`)
    return bytes
  } finally {
    await handle.close()
  }
}

/** By size alone a file could not be told from one that grows. */
async function readUpTo(handle: FileHandle, bytesMax: number): Promise<Buffer> {
  const bytes = Buffer.alloc(bytesMax)
  let sizeBytes = 0
  while (sizeBytes < bytesMax) {
    const { bytesRead } = await handle.read(bytes, sizeBytes, bytesMax - sizeBytes, sizeBytes)
    if (bytesRead === 0) break
    sizeBytes += bytesRead
  }
  return bytes.subarray(0, sizeBytes)
}

/** Why readRegularFile() rejected, in a few words: `ENOENT`, `it is no regular file`. */
export function reasonOfUnread(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}
