// Loops over short reads and writes: the kernel may do less than asked for without an error.
import type { DiskFile } from './disk-files.js'

/** Bytes handed to one write call; a batch larger than this takes several. */
const buffersPerWriteMax = 512

/** Fills `buffer` from `position`; returns fewer bytes only at the end of the file. */
export async function readFully(file: DiskFile, buffer: Buffer, position: number): Promise<number> {
  let done = 0
  while (done < buffer.length) {
    const read = await file.read(done === 0 ? buffer : buffer.subarray(done), position + done)
    if (read === 0) break
    done += read
  }
  return done
}

/** Writes all buffers one after the other from `position`; an error means that any part of them may be written. */
export async function writeFully(
  file: DiskFile,
  buffers: readonly Buffer[],
  position: number,
): Promise<void> {
  let pending = buffers
  let at = position
  while (pending.length > 0) {
    const part = pending.length > buffersPerWriteMax ? pending.slice(0, buffersPerWriteMax) : pending
    const written = await file.write(part, at)
    if (written === 0 && part.some((buffer) => buffer.length > 0)) {
      throw Object.assign(new Error('A write wrote nothing: no space left on device'), { code: 'ENOSPC' })
    }
    at += written
    pending = dropWritten(pending, written)
  }
}

function dropWritten(buffers: readonly Buffer[], writtenBytes: number): readonly Buffer[] {
  let left = writtenBytes
  let index = 0
  for (; index < buffers.length; index++) {
    const length = buffers[index]?.length ?? 0
    if (left < length) break
    left -= length
  }
  if (index === buffers.length) return []
  const rest = buffers.slice(index)
  if (left > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(left)
  return rest
}
