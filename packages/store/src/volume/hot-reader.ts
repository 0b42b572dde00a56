// Reads blobs on the calling thread when their bytes are known to be in the page cache: 4–7 µs instead of the 9–46 µs
// that a trip through the thread pool costs. A cold read would stop everybody, so only a blob that was read lately is
// read this way, and what "lately" covers is forgotten before the page cache forgets it.
import os from 'node:os'
import type { KeyMapEntry } from '../key-map/key-map.js'
import type { TableKeyMap } from '../key-map/table-key-map.js'
import { type NeedleHeader, needleHeaderBytes, readNeedleHeader } from '../needle/needle-format.js'
import { readFully } from '../disk/whole-io.js'
import { dataMatches, isNameOf, isReadWhole } from './needle-reader.js'
import type { VolumeFile } from './volume-file.js'
import type { VolumeSet } from './volume-set.js'

/** Larger needles go through the pool: reading them would hold the thread too long. */
export const hotNeedleBytesMax = 66 * 1024
const slowReadMs = 0.2
/** So many slow reads out of `slowWindow` mean that the page cache lost what we think it has. */
const slowReadsMax = 8
const slowWindow = 256

export class HotReader {
  readonly #table: TableKeyMap
  readonly #volumes: VolumeSet
  #bytesSinceForgotten = 0
  #forgetAfterBytes = os.freemem() / 2
  #slowReads = 0
  #readsInWindow = 0
  #blocksRead = process.resourceUsage().fsRead

  constructor(table: TableKeyMap, volumes: VolumeSet) {
    this.#table = table
    this.#volumes = volumes
  }

  /**
   * Reads the live needle of the name in `bytes[start..end)` to `scratch[at]` and verifies it. Undefined when that
   * cannot be done at once, or the needle is not what it should be: then the long way finds out.
   */
  read(
    bytes: Buffer,
    { start, end }: { start: number; end: number },
    scratch: Buffer,
    at: number,
  ): NeedleHeader | undefined {
    const entry = this.#table.findBytes(bytes, start, end)
    if (entry === undefined || !entry.recent || entry.tombstone || entry.lengthBytes > hotNeedleBytesMax)
      return undefined
    const volume = this.#volumes.get(entry.volumeId)?.file
    if (volume === undefined || entry.offsetBytes >= volume.committedBytes) return undefined
    const startedAtMs = performance.now()
    const read = this.#readSync(volume, scratch.subarray(at, at + entry.lengthBytes), entry)
    this.#noteSpeed(performance.now() - startedAtMs)
    const needle = scratch.subarray(0, at + read)
    const header = readNeedleHeader(needle, at, { seed: volume.seed, offsetBytes: entry.offsetBytes })
    if (typeof header === 'string' || header.tombstone || header.nameLength !== end - start) return undefined
    if (
      needle.compare(
        bytes,
        start,
        end,
        at + needleHeaderBytes,
        at + needleHeaderBytes + header.nameLength,
      ) !== 0
    ) {
      return undefined
    }
    return dataMatches(needle, at, header) ? header : undefined
  }

  /** A read that fails counts as one that read nothing: the long way meets the same error and reports it. */
  #readSync({ file }: VolumeFile, into: Buffer, { offsetBytes }: KeyMapEntry): number {
    try {
      return file.readSync(into, offsetBytes)
    } catch {
      return 0
    }
  }

  /**
   * Reads the live needle of `name`, up to 1 MiB, through the thread pool, `headRoomBytes` into a new buffer, verified.
   * Undefined as for read().
   */
  async readCold(
    name: Buffer,
    headRoomBytes: number,
  ): Promise<{ bytes: Buffer; header: NeedleHeader } | undefined> {
    const entry = this.#table.find(name)
    if (entry === undefined || entry.tombstone || !isReadWhole(entry.lengthBytes)) return undefined
    const volume = this.#volumes.get(entry.volumeId)?.file
    if (volume === undefined || entry.offsetBytes >= volume.committedBytes || !volume.acquire())
      return undefined
    try {
      const bytes = Buffer.allocUnsafe(headRoomBytes + entry.lengthBytes)
      const read = await readFully(volume.file, bytes.subarray(headRoomBytes), entry.offsetBytes)
      const needle = bytes.subarray(0, headRoomBytes + read)
      const header = readNeedleHeader(needle, headRoomBytes, {
        seed: volume.seed,
        offsetBytes: entry.offsetBytes,
      })
      if (typeof header === 'string' || header.tombstone) return undefined
      if (!isNameOf(needle, headRoomBytes, header, name) || !dataMatches(needle, headRoomBytes, header))
        return undefined
      if (entry.lengthBytes <= hotNeedleBytesMax) this.noteRead(name, entry)
      return { bytes, header }
    } finally {
      volume.release()
    }
  }

  /** Notes that the needle at `entry` was just read through the pool, so that its bytes are in the page cache now. */
  noteRead(name: Buffer, entry: KeyMapEntry): void {
    this.#bytesSinceForgotten += entry.lengthBytes
    if (this.#bytesSinceForgotten > this.#forgetAfterBytes) this.#forget()
    this.#table.markRecent(name, 0, name.length, entry)
  }

  #noteSpeed(tookMs: number): void {
    if (tookMs > slowReadMs && this.#readFromDisk()) this.#slowReads++
    if (this.#slowReads >= slowReadsMax) this.#forget()
    if (++this.#readsInWindow < slowWindow) return
    this.#readsInWindow = 0
    this.#slowReads = 0
  }

  /** Whether this process read from a disk since the last slow read; if not, it was only kept from running. */
  #readFromDisk(): boolean {
    const { fsRead } = process.resourceUsage()
    const grew = fsRead > this.#blocksRead
    this.#blocksRead = fsRead
    return grew
  }

  #forget(): void {
    this.#table.forgetRecent()
    this.#bytesSinceForgotten = 0
    this.#forgetAfterBytes = os.freemem() / 2
    this.#slowReads = 0
    this.#readsInWindow = 0
  }
}
