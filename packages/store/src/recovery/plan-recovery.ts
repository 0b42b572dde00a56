// Decides what to do with a volume and its index log found on disk. Pure: reads and changes nothing.
import { superblockBytes } from '../volume/superblock.js'

export interface FoundVolume {
  readonly volumeBytes: number
  /** From the seal of a failed volume: nothing past it was ever acknowledged. */
  readonly sealedAtBytes: number | undefined
  /** Bytes of the index log on disk; undefined when it is missing. */
  readonly indexBytes: number | undefined
  readonly indexValidBytes: number
  readonly indexCoversToBytes: number
  /** Whether the log's header names this volume and has its salt. */
  readonly indexBelongs: boolean
}

export interface RecoveryPlan {
  /** Bytes of the volume to look at. */
  readonly limitBytes: number
  /** 'keep' the log, 'cut' what is torn off its end, or 'rewrite' it from the volume, which is the truth. */
  readonly index: 'keep' | 'cut' | 'rewrite'
  /** The volume is read from here on for needles that the log does not know. */
  readonly scanFromBytes: number
}

export function planRecovery(found: FoundVolume): RecoveryPlan {
  const { volumeBytes, sealedAtBytes, indexBytes, indexValidBytes, indexCoversToBytes, indexBelongs } = found
  const limitBytes = Math.min(volumeBytes, sealedAtBytes ?? Number.POSITIVE_INFINITY)
  const usable =
    indexBytes !== undefined && indexBelongs && indexCoversToBytes <= Math.max(limitBytes, superblockBytes)
  if (!usable) return { limitBytes, index: 'rewrite', scanFromBytes: superblockBytes }
  return {
    limitBytes,
    index: indexBytes > indexValidBytes ? 'cut' : 'keep',
    scanFromBytes: Math.max(indexCoversToBytes, superblockBytes),
  }
}
