// A window over a volume that moves forward in large reads. While one is looked at the next is read, so that the disk
// and the checksums work at the same time.
import { readFully } from '../disk/whole-io.js'
import type { VolumeFile } from './volume-file.js'

const windowBytes = 4 * 1024 * 1024
/** Room in front of what is read ahead, for the piece of a needle that the last window ended in. */
const roomBytes = 1024 * 1024 + 64 * 1024

interface ReadAhead {
  readonly start: number
  /** The bytes stand roomBytes behind the beginning. */
  readonly bytes: Promise<Buffer>
}

export class ScanWindow {
  readonly #volume: VolumeFile
  readonly limitBytes: number
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0
  #ahead: ReadAhead | undefined

  constructor(volume: VolumeFile, limitBytes: number) {
    this.#volume = volume
    this.limitBytes = limitBytes
  }

  /** Bytes from `position`: at least `wanted` of them unless the limit comes first. They are not overwritten later. */
  async at(position: number, wanted: number): Promise<Buffer> {
    const end = Math.min(position + wanted, this.limitBytes)
    if (position < this.#start || end > this.#start + this.#bytes.length) await this.#moveTo(position, end)
    return this.#bytes.subarray(position - this.#start)
  }

  async #moveTo(position: number, end: number): Promise<void> {
    const ahead = this.#ahead
    this.#ahead = undefined
    const held = position < this.#start ? 0 : this.#start + this.#bytes.length - position
    const read = await ahead?.bytes
    const fits =
      ahead !== undefined &&
      read !== undefined &&
      held >= 0 &&
      held <= roomBytes &&
      ahead.start === position + held
    if (fits && end <= ahead.start + read.length - roomBytes) {
      this.#bytes.copy(read, roomBytes - held, this.#bytes.length - held)
      this.#bytes = read.subarray(roomBytes - held)
    } else {
      this.#bytes = (await this.#read(position, Math.max(end - position, windowBytes))).subarray(roomBytes)
    }
    this.#start = position
    const next = position + this.#bytes.length
    if (next >= this.limitBytes || end === position) return
    const bytes = this.#read(next, windowBytes)
    // A failure is thrown where the bytes are asked for; nobody may ever do so.
    bytes.catch(() => undefined)
    this.#ahead = { start: next, bytes }
  }

  async #read(position: number, lengthBytes: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(lengthBytes, this.limitBytes - position))
    const buffer = Buffer.allocUnsafeSlow(roomBytes + wanted)
    const read = await readFully(this.#volume.file, buffer.subarray(roomBytes), position)
    return buffer.subarray(0, roomBytes + read)
  }

  /** Waits for what is being read ahead; after that the volume may be closed. */
  async settle(): Promise<void> {
    await this.#ahead?.bytes.catch(() => undefined)
  }
}
