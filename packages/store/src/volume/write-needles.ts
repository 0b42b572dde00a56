// Writes the needles of one batch behind each other, in as few system calls as it takes.
import type { DiskFile } from '../disk/disk-files.js'
import { readFully, writeFully } from '../disk/whole-io.js'
import { StoreError } from '../errors.js'
import {
  encodeNeedlePrefix,
  type NeedleFields,
  needleAlignBytes,
  paddingLength,
} from '../needle/needle-format.js'
import type { VolumeFile } from './volume-file.js'

const copyBytes = 1024 * 1024
/** Batches up to this are put together in one buffer: one piece is written quicker than many are handed over. */
const togetherBytesMax = 1024 * 1024

/** A blob ready to be written: all of it received, its checksums known. */
export interface NeedleDraft extends NeedleFields {
  /** The data in memory, or a file that holds exactly it. */
  readonly data: readonly Buffer[] | DiskFile
}

export class NeedleWriter {
  /** Reused by every batch: one is written at a time. */
  #together: Buffer | undefined

  /** Throws what the disk throws; any part may be written then. Nothing is synced. */
  async write(volume: VolumeFile, drafts: readonly NeedleDraft[], startBytes: number): Promise<void> {
    const pieces: Buffer[] = []
    let endBytes = startBytes
    for (const draft of drafts) {
      const prefix = encodeNeedlePrefix(draft, { seed: volume.seed, offsetBytes: endBytes })
      const padding = zeros.subarray(0, paddingLength(prefix.length + draft.dataLength))
      if (!isInMemory(draft.data))
        return writeFile(volume, { prefix, file: draft.data, padding, draft, startBytes })
      pieces.push(prefix, ...draft.data, padding)
      endBytes += prefix.length + draft.dataLength + padding.length
    }
    const lengthBytes = endBytes - startBytes
    const buffers = lengthBytes > togetherBytesMax ? pieces : [this.#putTogether(pieces)]
    await writeFully(volume.file, buffers, startBytes)
  }

  #putTogether(pieces: readonly Buffer[]): Buffer {
    this.#together ??= Buffer.allocUnsafeSlow(togetherBytesMax)
    let at = 0
    for (const piece of pieces) {
      this.#together.set(piece, at)
      at += piece.length
    }
    return this.#together.subarray(0, at)
  }
}

const zeros = Buffer.alloc(needleAlignBytes)

function isInMemory(data: NeedleDraft['data']): data is readonly Buffer[] {
  return Array.isArray(data)
}

/** A blob that waits in a file is a batch of its own. */
async function writeFile(
  volume: VolumeFile,
  needle: { prefix: Buffer; file: DiskFile; padding: Buffer; draft: NeedleDraft; startBytes: number },
): Promise<void> {
  const { prefix, file, padding, startBytes } = needle
  const { dataLength } = needle.draft
  const dataBytes = startBytes + prefix.length
  await writeFully(volume.file, [prefix], startBytes)
  const buffer = Buffer.allocUnsafe(Math.min(copyBytes, dataLength))
  for (let done = 0; done < dataLength; done += buffer.length) {
    const part = buffer.subarray(0, Math.min(buffer.length, dataLength - done))
    await readReceived(file, part, done)
    await writeFully(volume.file, [part], dataBytes + done)
  }
  await writeFully(volume.file, [padding], dataBytes + dataLength)
}

/** The volume is not to blame when the file with the data cannot be read. Throws READ_FAILED. */
async function readReceived(file: DiskFile, part: Buffer, position: number): Promise<void> {
  const read = await readFully(file, part, position).catch((cause: unknown) => {
    throw new StoreError('READ_FAILED', 'A received body could not be read back', { cause })
  })
  if (read < part.length) throw new StoreError('READ_FAILED', 'A received body became shorter')
}
