// Opens a volume as it was left: reads what its index log does not cover, cuts off a torn tail, keeps damage in the
// middle in quarantine, and syncs what it adopts before anybody is served from it.
import { dirname, join } from 'node:path'
import fs from 'node:fs/promises'
import { z } from 'zod'
import type { DiskFile, DiskFiles } from '../disk/disk-files.js'
import type { IndexRecord } from '../index/index-format.js'
import { IndexLog, IndexLogReader } from '../index/index-log.js'
import type { StoreLog } from '../options.js'
import { scanVolume } from '../volume/scan-volume.js'
import { type Superblock, superblockBytes } from '../volume/superblock.js'
import { Volume } from '../volume/volume.js'
import { indexFileName, sealFileName, VolumeFile } from '../volume/volume-file.js'
import { planRecovery, type RecoveryPlan } from './plan-recovery.js'

const sealSchema = z.object({ sealedAtBytes: z.int().min(superblockBytes) })

export interface RecoveryReport {
  readonly volumeId: number
  /** Needles that the index log did not know. */
  readonly adopted: number
  readonly tornBytes: number
  readonly damagedRegions: number
  readonly indexRewritten: boolean
}

export interface RecoverOptions {
  readonly files: DiskFiles
  readonly writable: boolean
  readonly log: StoreLog
}

interface Scanned {
  readonly records: IndexRecord[]
  readonly endBytes: number
  readonly tornBytes: number
}

/** Throws VOLUME_UNREADABLE when neither superblock nor index header can be read. */
export async function recoverVolume(
  path: string,
  options: RecoverOptions,
): Promise<{ volume: Volume; report: RecoveryReport }> {
  const { files, writable, log } = options
  const directory = dirname(path)
  const indexPath = join(directory, indexFileName(Number.parseInt(path.slice(-'00000000.volume'.length), 10)))
  const index = await openIndex(files, indexPath, writable)
  const file = await VolumeFile.open(files, path, { writable, fallback: index?.contents.superblock })
  const volumeBytes = await file.file.size()
  const sealedAtBytes = await readSeal(join(directory, sealFileName(file.id)))
  const plan = planRecovery({
    volumeBytes,
    sealedAtBytes,
    indexBytes: index?.sizeBytes,
    indexValidBytes: index?.contents.validBytes ?? 0,
    indexCoversToBytes: index?.contents.coversToBytes ?? 0,
    indexBelongs: index !== undefined && belongs(index.contents.superblock, file.superblock),
  })
  file.sealed = sealedAtBytes !== undefined
  const scanned = await scanTail(file, plan)
  const known = { adopted: scanned.records.length, tornBytes: scanned.tornBytes }
  if (known.tornBytes > 0 || known.adopted > 0 || plan.index !== 'keep') {
    log.info({ volumeId: file.id, ...known, index: plan.index }, 'volume recovered')
  }
  if (writable) {
    const cut = sealedAtBytes === undefined && volumeBytes > scanned.endBytes
    await settle(file, {
      endBytes: scanned.endBytes,
      cut,
      adopt: known.adopted > 0 || plan.index === 'rewrite',
    })
    if (file.sealed) await files.syncDirectory(directory)
  }
  file.committedBytes = scanned.endBytes
  file.syncedBytes = scanned.endBytes
  const indexLog = await continueIndex(indexPath, { index, plan, file, options })
  const volume = new Volume(file, indexLog)
  for (const record of scanned.records) indexLog.append(record)
  if (writable) await indexLog.flush(scanned.endBytes)
  await indexLog.forEach((cursor) => {
    if (!cursor.damage) return
    volume.damagedRegions++
    volume.damagedBytes += cursor.lengthBytes
  }, file.id)
  return {
    volume,
    report: {
      volumeId: file.id,
      ...known,
      damagedRegions: volume.damagedRegions,
      indexRewritten: plan.index === 'rewrite',
    },
  }
}

async function scanTail(file: VolumeFile, { limitBytes, scanFromBytes }: RecoveryPlan): Promise<Scanned> {
  const records: IndexRecord[] = []
  let endBytes = Math.max(scanFromBytes, superblockBytes)
  for await (const finding of scanVolume(file, { fromBytes: scanFromBytes, limitBytes })) {
    if (finding.kind === 'torn') return { records, endBytes, tornBytes: limitBytes - finding.offsetBytes }
    const record = finding.kind === 'needle' ? finding.record : damageRecord(finding)
    records.push(record)
    endBytes = record.offsetBytes + record.lengthBytes
  }
  return { records, endBytes, tornBytes: 0 }
}

export function damageRecord({
  offsetBytes,
  lengthBytes,
}: {
  offsetBytes: number
  lengthBytes: number
}): IndexRecord {
  return {
    offsetBytes,
    lengthBytes,
    version: 0n,
    tombstone: false,
    damage: true,
    dataLength: 0,
    dataChecksum: 0,
    contentTypeLength: 0,
    name: Buffer.alloc(0),
  }
}

/**
 * What was adopted, the superblock of a volume without its index included, may have come from a process that died
 * before its sync: sync it now, before it is served and before an index says that it is there.
 */
async function settle(
  { file }: VolumeFile,
  { endBytes, cut, adopt }: { endBytes: number; cut: boolean; adopt: boolean },
): Promise<void> {
  if (cut) await file.truncate(endBytes)
  if (cut || adopt) await file.dataSync()
}

interface OpenedIndex {
  readonly file: DiskFile
  readonly sizeBytes: number
  readonly contents: IndexLogReader
}

async function openIndex(
  files: DiskFiles,
  path: string,
  writable: boolean,
): Promise<OpenedIndex | undefined> {
  let file: DiskFile
  try {
    file = await files.open(path, writable ? 'r+' : 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const contents = await IndexLogReader.open(file, superblockBytes)
  while ((await contents.next()) !== undefined);
  return { file, sizeBytes: await file.size(), contents }
}

async function continueIndex(
  path: string,
  {
    index,
    plan,
    file,
    options,
  }: { index: OpenedIndex | undefined; plan: RecoveryPlan; file: VolumeFile; options: RecoverOptions },
): Promise<IndexLog> {
  const { files, writable } = options
  if (index !== undefined && plan.index !== 'rewrite') {
    if (writable && plan.index === 'cut') await index.file.truncate(index.contents.validBytes)
    return new IndexLog(index.file, index.contents.validBytes)
  }
  await index?.file.close()
  if (!writable) return new IndexLog(undefined, 0)
  const created = await IndexLog.create(files, path, file.superblock)
  await files.syncDirectory(dirname(path))
  return created
}

function belongs(fromIndex: Superblock | undefined, superblock: Superblock): boolean {
  return fromIndex?.volumeId === superblock.volumeId && fromIndex.salt.equals(superblock.salt)
}

/** Undefined when the volume is not sealed. A seal that cannot be read still ends the volume, wherever it is valid. */
export async function readSeal(path: string): Promise<number | undefined> {
  let text: string
  try {
    text = await fs.readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return sealSchema.parse(JSON.parse(text)).sealedAtBytes
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
