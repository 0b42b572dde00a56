// Checks one volume against itself, its index log and its seal. Opens everything to read only.
import { dirname, join } from 'node:path'
import type { DiskFile, DiskFiles } from '../disk/disk-files.js'
import { readFully } from '../disk/whole-io.js'
import type { IndexRecord } from '../index/index-format.js'
import { readSeal } from '../recovery/recover-volume.js'
import { scanVolume } from '../volume/scan-volume.js'
import { decodeSuperblock, superblockBytes } from '../volume/superblock.js'
import { indexFileName, sealFileName, VolumeFile } from '../volume/volume-file.js'
import { type DamagedRegion, describeProblems, type IndexReport, type VolumeReport } from './check-report.js'
import { IndexComparison } from './index-comparison.js'
import { type IndexSurvey, readRecords, surveyIndex } from './read-index.js'

export interface CheckVolumeOptions {
  readonly files: DiskFiles
  /** Whether another process writes to the directory. */
  readonly owned: boolean
  readonly signal: AbortSignal | undefined
  /** Called with the bytes of this volume that were looked at so far. */
  readonly onProgress: (doneBytes: number) => void
}

/** Throws VOLUME_UNREADABLE, FORMAT_UNKNOWN, the signal's reason. */
export async function checkVolume(path: string, options: CheckVolumeOptions): Promise<VolumeReport> {
  const volumeId = Number.parseInt(path.slice(-'00000000.volume'.length), 10)
  const indexFile = await openIfThere(options.files, join(dirname(path), indexFileName(volumeId)))
  try {
    // The log first, then the volume's size: so a log that grows meanwhile never seems to know more than the volume.
    const survey = indexFile && (await surveyIndex(indexFile))
    const file = await VolumeFile.open(options.files, path, {
      writable: false,
      fallback: survey?.superblock,
    })
    try {
      return await checkOpened({ file, indexFile, survey }, options)
    } finally {
      await file.close()
    }
  } finally {
    await indexFile?.close()
  }
}

interface OpenedVolume {
  readonly file: VolumeFile
  readonly indexFile: DiskFile | undefined
  readonly survey: IndexSurvey | undefined
}

async function checkOpened(
  { file, indexFile, survey }: OpenedVolume,
  options: CheckVolumeOptions,
): Promise<VolumeReport> {
  const sizeBytes = await file.file.size()
  const sealedAtBytes = await readSeal(join(dirname(file.path), sealFileName(file.id)))
  const limitBytes = Math.min(sizeBytes, sealedAtBytes ?? Number.POSITIVE_INFINITY)
  const belongs = survey?.superblock?.salt.equals(file.superblock.salt) === true
  const coversToBytes = survey !== undefined && belongs ? survey.coversToBytes : superblockBytes
  const records = indexFile !== undefined && belongs ? readRecords(indexFile, coversToBytes) : noRecords()
  const scanned = await scanBeside(file, { records, coversToBytes, limitBytes, options })
  const { comparison, tornAtBytes } = scanned
  const tornBytes = tornAtBytes === undefined ? 0 : limitBytes - tornAtBytes
  const promisedBytes = Math.max(coversToBytes, Number.isFinite(sealedAtBytes) ? (sealedAtBytes ?? 0) : 0)
  const damage = [...scanned.damage]
  // What the log knows or the seal promises was synced once: there a torn tail is damage.
  const tornIsDamage = tornAtBytes !== undefined && tornAtBytes < promisedBytes
  if (tornIsDamage) damage.push(await comparison.damage({ offsetBytes: tornAtBytes, lengthBytes: tornBytes }))
  await comparison.finish()
  const harmlessBytes = tornIsDamage ? 0 : tornBytes
  const report = {
    volumeId: file.id,
    sizeBytes,
    ...scanned.counts,
    damage,
    tornBytes: options.owned ? 0 : harmlessBytes,
    beingWrittenBytes: options.owned ? harmlessBytes : 0,
    sealedAtBytes: Number.isFinite(sealedAtBytes) ? sealedAtBytes : undefined,
    index: describeIndex({
      survey,
      belongs,
      comparison,
      volumeEmpty: limitBytes <= superblockBytes,
      options,
    }),
  }
  const superblockSound = await hasSuperblock(file)
  return {
    ...report,
    problems: describeProblems(report, { superblockSound, endBytes: promisedBytes }),
  }
}

interface ScannedVolume {
  readonly counts: { needles: number; tombstones: number; dataBytes: number }
  readonly damage: readonly DamagedRegion[]
  readonly tornAtBytes: number | undefined
  readonly comparison: IndexComparison
}

async function scanBeside(
  file: VolumeFile,
  {
    records,
    coversToBytes,
    limitBytes,
    options,
  }: {
    records: AsyncGenerator<IndexRecord, void, undefined>
    coversToBytes: number
    limitBytes: number
    options: CheckVolumeOptions
  },
): Promise<ScannedVolume> {
  const comparison = new IndexComparison(records)
  const counts = { needles: 0, tombstones: 0, dataBytes: 0 }
  const damage: DamagedRegion[] = []
  let tornAtBytes: number | undefined
  for await (const finding of scanVolume(file, { fromBytes: superblockBytes, limitBytes })) {
    options.signal?.throwIfAborted()
    if (finding.kind === 'torn') {
      tornAtBytes = finding.offsetBytes
      continue
    }
    if (finding.kind === 'damage') {
      damage.push(await comparison.damage(finding))
      continue
    }
    const { record } = finding
    if (record.tombstone) counts.tombstones++
    else counts.needles++
    counts.dataBytes += record.dataLength
    await comparison.needle(record, record.offsetBytes < coversToBytes)
    options.onProgress(record.offsetBytes + record.lengthBytes)
  }
  return { counts, damage, tornAtBytes, comparison }
}

function describeIndex({
  survey,
  belongs,
  comparison,
  volumeEmpty,
  options,
}: {
  survey: IndexSurvey | undefined
  belongs: boolean
  comparison: IndexComparison
  volumeEmpty: boolean
  options: CheckVolumeOptions
}): IndexReport {
  const { records, missing, extra, differing, differences, unindexed } = comparison
  const counts = { records, missing, extra, differing, differences, unindexed }
  // A volume is made before its log: without a needle there is nothing that the log could lack.
  if (survey === undefined) return { state: volumeEmpty ? 'sound' : 'missing', ...counts, tornBytes: 0 }
  const headerDamaged = survey.superblock === undefined && !volumeEmpty
  const state =
    headerDamaged || survey.brokenInside ? 'damaged' : belongs || volumeEmpty ? 'sound' : 'foreign'
  return { state, ...counts, tornBytes: options.owned ? 0 : survey.tornBytes }
}

async function hasSuperblock(file: VolumeFile): Promise<boolean> {
  const bytes = Buffer.alloc(superblockBytes)
  const read = await readFully(file.file, bytes, 0)
  return decodeSuperblock(bytes.subarray(0, read)) !== undefined
}

async function openIfThere(files: DiskFiles, path: string): Promise<DiskFile | undefined> {
  try {
    return await files.open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

// An async generator, though it waits for nothing, so that both sources of records have one type.
async function* noRecords(): AsyncGenerator<IndexRecord, void, undefined> {}
