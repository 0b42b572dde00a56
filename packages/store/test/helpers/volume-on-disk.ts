// Looks at and damages the files of a store from outside, as a bad disk would.
import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { nodeDiskFiles } from '../../src/disk/disk-files.js'
import { indexFileName, sealFileName, VolumeFile, volumeFileName } from '../../src/volume/volume-file.js'
import { scanVolume } from '../../src/volume/scan-volume.js'
import type { IndexRecord } from '../../src/index/index-format.js'

export function volumePath(path: string, volumeId = 1): string {
  return join(path, 'volumes', volumeFileName(volumeId))
}

export function indexPath(path: string, volumeId = 1): string {
  return join(path, 'volumes', indexFileName(volumeId))
}

export function sealPath(path: string, volumeId = 1): string {
  return join(path, 'volumes', sealFileName(volumeId))
}

/** The needles that a volume on disk holds, in order. */
export async function needlesOf(path: string, volumeId = 1): Promise<IndexRecord[]> {
  const volume = await VolumeFile.open(nodeDiskFiles, volumePath(path, volumeId), {
    writable: false,
    fallback: undefined,
  })
  try {
    const needles: IndexRecord[] = []
    for await (const finding of scanVolume(volume, {
      fromBytes: 64,
      limitBytes: statSync(volumePath(path, volumeId)).size,
    })) {
      if (finding.kind === 'needle') needles.push(finding.record)
    }
    return needles
  } finally {
    await volume.close()
  }
}

/** Overwrites bytes in place; the file stays the same, so that a store which has it open sees them. */
export function patch(path: string, position: number, bytes: Uint8Array): void {
  const fd = openSync(path, 'r+')
  try {
    writeSync(fd, bytes, 0, bytes.length, position)
  } finally {
    closeSync(fd)
  }
}

/** Turns one bit over; the same call again turns it back. */
export function flipBit(path: string, position: number, bit: number): void {
  const fd = openSync(path, 'r+')
  try {
    const byte = Buffer.alloc(1)
    readSync(fd, byte, 0, 1, position)
    byte[0] = (byte[0] as number) ^ (1 << bit)
    writeSync(fd, byte, 0, 1, position)
  } finally {
    closeSync(fd)
  }
}

/** The salt of a volume, to build needles for it. */
export function saltOf(path: string, volumeId = 1): Buffer {
  return readFileSync(volumePath(path, volumeId)).subarray(16, 32)
}
