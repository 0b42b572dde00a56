// How far Redis is: what the marker says of each volume, and what has to be done about it. Pure.
import { superblockBytes } from '../volume/superblock.js'
import type { KeyMapEntry } from './key-map.js'

export const codecField = 'codec'
const markerPattern = /^(\d{1,10}):(\d{1,10}):([0-9a-f]{1,16})$/

/** A volume is applied up to `endBytes`; its last needle below tells whether it is still the same volume. */
export interface VolumeMarker {
  readonly endBytes: number
  /** 0 when the volume holds no needle below `endBytes`. */
  readonly lastOffsetBytes: number
  readonly lastVersion: bigint
}

export interface Marker {
  /** Undefined when the map was never filled, or not to the end of the first step. */
  readonly codec: string | undefined
  readonly volumes: ReadonlyMap<number, VolumeMarker>
  /** False when a field cannot be read. */
  readonly sound: boolean
}

/** 'gaps': replay each volume from the given offset on; 'everything': Redis cannot be trusted with anything. */
export type ReplayPlan =
  | { readonly kind: 'gaps'; readonly from: Map<number, number> }
  | { readonly kind: 'everything' }

export function formatVolumeMarker({ endBytes, lastOffsetBytes, lastVersion }: VolumeMarker): string {
  return `${endBytes}:${lastOffsetBytes}:${lastVersion.toString(16)}`
}

export function parseVolumeMarker(text: string): VolumeMarker | undefined {
  const [, endBytes, lastOffsetBytes, lastVersion] = markerPattern.exec(text) ?? []
  if (endBytes === undefined) return undefined
  return {
    endBytes: Number(endBytes),
    lastOffsetBytes: Number(lastOffsetBytes),
    lastVersion: BigInt(`0x${lastVersion}`),
  }
}

/** Reads the marker hash as Redis lists it: field, value, field, value. */
export function parseMarker(fields: readonly string[]): Marker {
  const volumes = new Map<number, VolumeMarker>()
  let codec: string | undefined
  let sound = true
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const field = fields[at] as string
    const value = fields[at + 1] as string
    if (field === codecField) {
      codec = value
      continue
    }
    const marker = /^\d{1,7}$/.test(field) ? parseVolumeMarker(value) : undefined
    if (marker === undefined) sound = false
    else volumes.set(Number(field), marker)
  }
  return { codec, volumes, sound }
}

/** Where the last needle that was applied should stand; undefined when there was none. */
export function lastNeedleOf(volumeId: number, marker: VolumeMarker): KeyMapEntry | undefined {
  const { endBytes, lastOffsetBytes } = marker
  if (lastOffsetBytes === 0) return undefined
  return {
    volumeId,
    offsetBytes: lastOffsetBytes,
    lengthBytes: endBytes - lastOffsetBytes,
    tombstone: false,
  }
}

/** `genuine` holds the volumes whose last applied needle stands where the marker says. */
export function planReplay({
  marker,
  ends,
  genuine,
}: {
  marker: Marker
  ends: ReadonlyMap<number, number>
  genuine: ReadonlySet<number>
}): ReplayPlan {
  if (marker.codec === undefined || !marker.sound) return { kind: 'everything' }
  for (const [volumeId, { endBytes }] of marker.volumes) {
    // Ahead of its volume, or of a volume that is gone: some keys point at needles that do not exist.
    if (endBytes > (ends.get(volumeId) ?? 0) || !genuine.has(volumeId)) return { kind: 'everything' }
  }
  const from = new Map<number, number>()
  for (const volumeId of ends.keys())
    from.set(volumeId, marker.volumes.get(volumeId)?.endBytes ?? superblockBytes)
  return { kind: 'gaps', from }
}
