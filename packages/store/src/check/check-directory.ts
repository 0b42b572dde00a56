// The read-only checker: walks over every volume of a data directory, beside its daemon or without one.
import { existsSync } from 'node:fs'
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { DirectoryLock } from '../disk/directory-lock.js'
import { type DiskFiles, nodeDiskFiles } from '../disk/disk-files.js'
import { StoreError } from '../errors.js'
import { isUnborn, readIdentity, volumesDirectory } from '../recovery/open-directory.js'
import { indexFileName, volumeFileName } from '../volume/volume-file.js'
import type { CheckReport, VolumeReport } from './check-report.js'
import { checkVolume } from './check-volume.js'

export interface CheckOptions {
  /** Called often, with bytes of volumes looked at. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
  readonly signal?: AbortSignal
  readonly files?: DiskFiles
}

const silentLog = { info() {}, warn() {}, error() {} }
const volumePattern = /^\d{8}\.volume$/
const indexPattern = /^\d{8}\.index$/

/**
 * Reads every needle of every volume, verifies it, and compares the index logs with what the volumes hold. Takes no
 * lock and changes nothing. Damage is reported, not thrown; throws FORMAT_UNKNOWN when `directory` is no store, and
 * the signal's reason.
 */
export async function checkDirectory(directory: string, options: CheckOptions = {}): Promise<CheckReport> {
  const { files = nodeDiskFiles, signal, onProgress } = options
  const identity = await readIdentity(directory, { files, writable: false, log: silentLog })
  const ownerPid = DirectoryLock.ownerOf(directory)
  const { volumes: found, problems } = await findVolumes(directory)
  const volumes: VolumeReport[] = []
  const totalBytes = found.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  let doneBytes = 0
  for (const { path, sizeBytes } of found) {
    signal?.throwIfAborted()
    try {
      const report = await checkVolume(path, {
        files,
        signal,
        owned: ownerPid !== undefined,
        onProgress: (bytes) => onProgress?.(doneBytes + bytes, totalBytes),
      })
      volumes.push(report)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      problems.push(error.message)
    }
    doneBytes += sizeBytes
    onProgress?.(doneBytes, totalBytes)
  }
  const clean = problems.length === 0 && volumes.every((volume) => volume.problems.length === 0)
  return { directory, storeId: identity.storeId, ownerPid, volumes, problems, clean }
}

/** The volumes in order of id; a log whose volume is gone is a problem, since the volume was made first. */
async function findVolumes(
  directory: string,
): Promise<{ volumes: { path: string; sizeBytes: number }[]; problems: string[] }> {
  const folder = volumesDirectory(directory)
  const names = await fs.readdir(folder).catch(missingFolder)
  if (names === undefined) return { volumes: [], problems: ['the folder volumes/ is missing'] }
  names.sort()
  const volumes: { path: string; sizeBytes: number }[] = []
  const problems: string[] = []
  for (const name of names) {
    const path = join(folder, name)
    if (indexPattern.test(name)) {
      const volumeId = Number.parseInt(name, 10)
      const volume = volumeFileName(volumeId)
      // Asked once more: a listing is no snapshot, and a running daemon adds volumes.
      if (names.includes(volume) || existsSync(join(folder, volume))) continue
      problems.push(`${volume} is missing, though ${indexFileName(volumeId)} is there`)
    } else if (volumePattern.test(name) && !(await isUnborn(folder, name))) {
      volumes.push({ path, sizeBytes: (await fs.stat(path)).size })
    }
  }
  return { volumes, problems }
}

function missingFolder(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
