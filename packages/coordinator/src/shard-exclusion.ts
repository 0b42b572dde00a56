// Why a shard gets no upload at all. Pure; the first reason that holds is the one that is said.
import type { Shard } from '@backpack/cluster-model'
import type { Measurements } from './measure/measurements.js'

export type ExclusionCode =
  | 'read-only'
  | 'no-nodes'
  | 'size-unknown'
  | 'no-room'
  | 'hard-limit'
  | 'disk-reserve'
  | 'max-size'
  | 'max-key-num'
  | 'not-allowed'
  | 'too-few-nodes'
  | 'failed-before'

export interface Exclusion {
  readonly code: ExclusionCode
  /** A sentence for people, without the shard's id and without a full stop. */
  readonly reason: string
}

const spaceCodes: ReadonlySet<ExclusionCode> = new Set([
  'no-room',
  'hard-limit',
  'disk-reserve',
  'max-size',
  'max-key-num',
])

/** Whether more space would help. */
export function isAboutSpace({ code }: Exclusion): boolean {
  return spaceCodes.has(code)
}

/** Bytes that the shard holds on each node, or soon will: by the model or by its fullest node, and what is on its way. */
export function takenBytesOf({ id, currentBytes, nodes }: Shard, measurements: Measurements): number {
  let largest = currentBytes
  for (const node of nodes) largest = Math.max(largest, measurements.node(node.id).figures?.usedBytes ?? 0)
  return largest + (measurements.inFlightBytes.get(id) ?? 0)
}

/** Undefined for a shard that may take an upload of `sizeBytes`. */
export function exclusionOf(
  shard: Shard,
  measurements: Measurements,
  sizeBytes: number,
): Exclusion | undefined {
  if (shard.readOnly) return { code: 'read-only', reason: 'it is read-only' }
  if (shard.nodes.length === 0) return { code: 'no-nodes', reason: 'it has no nodes' }
  const { capacityBytes, usedBytesMax } = shard
  // Who does not know how much may go in must not put anything in.
  if (capacityBytes === undefined) return { code: 'size-unknown', reason: 'nobody has published its size' }
  const takenBytes = takenBytesOf(shard, measurements) + sizeBytes
  if (takenBytes > capacityBytes) {
    return {
      code: 'no-room',
      reason: `${takenBytes} bytes would be more than its capacity, ${capacityBytes}`,
    }
  }
  const { hard } = measurements.freeSpaceLimits
  const freeAfter = capacityBytes === 0 ? 0 : 1 - takenBytes / capacityBytes
  if (freeAfter < hard) {
    const reason = `${percent(freeAfter)} of it would be free: less than the hard limit, ${percent(hard)}`
    return { code: 'hard-limit', reason }
  }
  if (usedBytesMax !== undefined && takenBytes > usedBytesMax) {
    return {
      code: 'max-size',
      reason: `${takenBytes} bytes would be more than its max-size, ${usedBytesMax}`,
    }
  }
  return exclusionByNodes(shard, measurements, sizeBytes)
}

/** Every node is to have a copy: one that cannot take it rules out the shard. */
function exclusionByNodes(
  { id, nodes, blobsMax }: Shard,
  { node: measured, inFlightBytes, inFlightUploads }: Measurements,
  sizeBytes: number,
): Exclusion | undefined {
  const onTheirWay = inFlightUploads.get(id) ?? 0
  const neededBytes = sizeBytes + (inFlightBytes.get(id) ?? 0)
  for (const node of nodes) {
    const figures = measured(node.id).figures
    if (figures === undefined) continue
    const { availableBytes, blobs } = figures
    if (availableBytes !== undefined && availableBytes < neededBytes) {
      const reason = `the disk of node ${node.id} takes ${availableBytes} bytes more, then comes its reserve`
      return { code: 'disk-reserve', reason }
    }
    if (blobsMax !== undefined && blobs !== undefined && blobs + onTheirWay >= blobsMax) {
      return {
        code: 'max-key-num',
        reason: `node ${node.id} has ${blobs + onTheirWay} blobs; its max-key-num is ${blobsMax}`,
      }
    }
  }
  return undefined
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`
}
