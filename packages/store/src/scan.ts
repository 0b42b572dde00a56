// Walks over all blobs in volume order: the index logs when names are enough, the volumes when the data is wanted.
import { Readable } from 'node:stream'
import type { BlobHandle } from './blob-handle.js'
import { type BlobInfo, toBlobInfo } from './blob-info.js'
import { StoreError } from './errors.js'
import { IndexCursor, type IndexRecord } from './index/index-format.js'
import type { KeyMap } from './key-map/key-map.js'
import type { StoreLog } from './options.js'
import { scanVolume } from './volume/scan-volume.js'
import { superblockBytes } from './volume/superblock.js'
import type { Volume } from './volume/volume.js'
import type { VolumeSet } from './volume/volume-set.js'

export interface ScanOptions {
  /** The cursor of the last entry seen; absent: from the beginning. */
  readonly after?: string | undefined
  /** Also give the data, verified. Without it content types are not known. */
  readonly withData?: boolean | undefined
  /** Called for each stretch of a volume that `withData` finds damaged and leaves out. */
  readonly onDamage?: ((damage: { volumeId: number; offsetBytes: number }) => void) | undefined
}

export interface ScanEntry {
  readonly info: BlobInfo
  /**
   * Set with `withData` for blobs up to 1 MiB; larger ones are read through open(). It is a view of the 4 MiB that were
   * read at once: copy it to keep a few out of many.
   */
  readonly data: Buffer | undefined
  /** Pass it as `after` to go on behind this entry, also in another process. */
  readonly cursor: string
  /** The data as a stream. */
  open(): Readable
}

export interface ScanParts {
  readonly keyMap: KeyMap
  readonly volumes: VolumeSet
  readonly log: StoreLog
  openBlob(name: string): Promise<BlobHandle | undefined>
}

const cursorPattern = /^(\d{1,7}):(\d{1,10})$/

export async function* scanStore(
  parts: ScanParts,
  options: ScanOptions,
): AsyncGenerator<ScanEntry, void, undefined> {
  const from = parseCursor(options.after)
  for (const volume of parts.volumes.all()) {
    if (volume.id < from.volumeId) continue
    const fromBytes = volume.id === from.volumeId ? from.endBytes : superblockBytes
    const found =
      options.withData === true
        ? scanData(parts, volume, { fromBytes, onDamage: options.onDamage })
        : scanNames(volume, fromBytes)
    for await (const { record, contentType, data } of found) {
      const name = record.name.toString('utf8')
      if (record.tombstone || !(await isCurrent(parts, volume, record))) continue
      const location = { volumeId: volume.id, ...record }
      yield {
        info: toBlobInfo({ ...record, name, contentType, location }),
        data,
        cursor: `${volume.id}:${record.offsetBytes + record.lengthBytes}`,
        open: () => Readable.from(readBlob(parts, name), { objectMode: false }),
      }
    }
  }
}

interface Scanned {
  readonly record: IndexRecord
  readonly contentType: string
  readonly data: Buffer | undefined
}

async function* scanNames(volume: Volume, fromBytes: number): AsyncGenerator<Scanned, void, undefined> {
  const cursor = new IndexCursor()
  cursor.volumeId = volume.id
  for await (const { bytes, start, count } of volume.index.blocks()) {
    cursor.bytes = bytes
    cursor.at = start
    for (let index = 0; index < count; index++) {
      if (!cursor.damage && cursor.offsetBytes >= fromBytes) {
        yield { record: cursor.record(), contentType: '', data: undefined }
      }
      cursor.at = cursor.nameEnd
    }
  }
}

async function* scanData(
  { log }: ScanParts,
  volume: Volume,
  { fromBytes, onDamage }: { fromBytes: number; onDamage: ScanOptions['onDamage'] },
): AsyncGenerator<Scanned, void, undefined> {
  const range = { fromBytes, limitBytes: volume.file.committedBytes }
  if (!volume.file.acquire()) throw new StoreError('STORE_CLOSED', 'The store is closed')
  try {
    for await (const finding of scanVolume(volume.file, range)) {
      if (finding.kind === 'needle') {
        yield finding
        continue
      }
      log.warn({ volumeId: volume.id, ...finding }, 'scan left out damage')
      onDamage?.({ volumeId: volume.id, offsetBytes: finding.offsetBytes })
    }
  } finally {
    volume.file.release()
  }
}

/** Whether the key map points at this very needle: not overwritten, not deleted. */
async function isCurrent({ keyMap }: ScanParts, volume: Volume, record: IndexRecord): Promise<boolean> {
  const looked = keyMap.find(record.name)
  const entry = looked instanceof Promise ? await looked : looked
  return entry?.volumeId === volume.id && entry.offsetBytes === record.offsetBytes
}

async function* readBlob(parts: ScanParts, name: string): AsyncGenerator<Buffer, void, undefined> {
  const blob = await parts.openBlob(name)
  if (blob === undefined || blob.deleted)
    throw new StoreError('READ_FAILED', 'The blob was deleted meanwhile')
  yield* blob.read()
}

function parseCursor(after: string | undefined): { volumeId: number; endBytes: number } {
  if (after === undefined) return { volumeId: 0, endBytes: 0 }
  const [, volumeId, endBytes] = cursorPattern.exec(after) ?? []
  if (volumeId === undefined || endBytes === undefined) {
    throw new StoreError('INVALID_OPTIONS', `${JSON.stringify(after)} is no cursor of a scan`)
  }
  return { volumeId: Number(volumeId), endBytes: Number(endBytes) }
}
