// Writes the index log of one volume anew from the volume, which is the truth.
import { join } from 'node:path'
import { nodeDiskFiles } from '../disk/disk-files.js'
import type { IndexRecord } from '../index/index-format.js'
import { IndexLog } from '../index/index-log.js'
import { readSeal } from './recover-volume.js'
import { scanVolume } from '../volume/scan-volume.js'
import { superblockBytes } from '../volume/superblock.js'
import { indexFileName, sealFileName, VolumeFile } from '../volume/volume-file.js'
import { OldIndexLog } from './old-index-log.js'

/** So many bytes of records wait for one write. */
const flushPendingBytes = 1024 * 1024

export interface RebuiltIndex {
  readonly volumeId: number
  readonly needles: number
  readonly damagedBytes: number
  /** Needles whose data is damaged; only the old log still knew their names, which the new one keeps. */
  readonly damagedNeedles: number
}

export interface RebuildWatch {
  readonly signal: AbortSignal
  /** Called with the length of every piece of the volume that was read. */
  readonly onBytes: (bytes: number) => void
}

/**
 * The old log stays in place until the new one is complete and synced. Only for whoever holds the directory's lock. Throws VOLUME_UNREADABLE; the old log then stays.
 */
export async function rebuildIndex(
  directory: string,
  volumeName: string,
  watch: RebuildWatch,
): Promise<RebuiltIndex> {
  const volumePath = join(directory, volumeName)
  const volumeId = Number.parseInt(volumeName, 10)
  const indexPath = join(directory, indexFileName(volumeId))
  const temporaryPath = `${indexPath}.tmp`
  const oldLog = await OldIndexLog.open(indexPath)
  try {
    const fallback = oldLog.superblock
    const volume = await VolumeFile.open(nodeDiskFiles, volumePath, { writable: false, fallback })
    try {
      const sealedAtBytes = await readSeal(join(directory, sealFileName(volumeId)))
      const limitBytes = Math.min(await volume.file.size(), sealedAtBytes ?? Number.POSITIVE_INFINITY)
      oldLog.requireSalt(volume.superblock.salt)
      const log = await IndexLog.create(nodeDiskFiles, temporaryPath, volume.superblock)
      const result = await fillLog(log, { volume, limitBytes, oldLog, ...watch })
      await nodeDiskFiles.rename(temporaryPath, indexPath)
      await nodeDiskFiles.syncDirectory(directory)
      return result
    } catch (error) {
      await nodeDiskFiles.remove(temporaryPath)
      throw error
    } finally {
      await volume.close()
    }
  } finally {
    await oldLog.close()
  }
}

/** Writes, syncs and closes the new log. */
async function fillLog(
  log: IndexLog,
  {
    volume,
    limitBytes,
    oldLog,
    signal,
    onBytes,
  }: { volume: VolumeFile; limitBytes: number; oldLog: OldIndexLog } & RebuildWatch,
): Promise<RebuiltIndex> {
  const result = { volumeId: volume.id, needles: 0, damagedBytes: 0, damagedNeedles: 0 }
  let endBytes = superblockBytes
  const add = async (record: IndexRecord) => {
    log.append(record)
    endBytes = record.offsetBytes + record.lengthBytes
    if (log.pendingBytes >= flushPendingBytes) await log.flush(endBytes)
  }
  try {
    for await (const finding of scanVolume(volume, { fromBytes: superblockBytes, limitBytes })) {
      signal.throwIfAborted()
      if (finding.kind === 'needle') {
        await add(finding.record)
        onBytes(finding.record.lengthBytes)
        result.needles++
        continue
      }
      const lengthBytes = finding.kind === 'damage' ? finding.lengthBytes : limitBytes - finding.offsetBytes
      for (const record of await oldLog.explain({ ...finding, lengthBytes }, finding.kind)) {
        await add(record)
        if (record.damage) result.damagedBytes += record.lengthBytes
        else result.damagedNeedles++
      }
      onBytes(lengthBytes)
    }
    await log.flush(endBytes)
    await log.dataSync()
    return result
  } finally {
    await log.close()
  }
}
