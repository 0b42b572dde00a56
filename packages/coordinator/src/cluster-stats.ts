// The cluster in figures, as `/stats` of 2013 has them, statsd and Prometheus.
import type { ClusterSnapshot } from '@backpack/cluster-model'
import type { CoordinatorParts } from './parts.js'

export interface ClusterSizes {
  /** Capacity of all shards; of one node each, not times the copies. */
  readonly totalBytes: number
  readonly usedBytes: number
  readonly availableBytes: number
  readonly shards: number
  readonly writableShards: number
}

export function sizesOf({ shards }: ClusterSnapshot): ClusterSizes {
  let totalBytes = 0
  let usedBytes = 0
  let availableBytes = 0
  let writableShards = 0
  for (const { capacityBytes = 0, currentBytes, readOnly } of shards.values()) {
    totalBytes += capacityBytes
    usedBytes += currentBytes
    availableBytes += Math.max(0, capacityBytes - currentBytes)
    if (!readOnly) writableShards++
  }
  return { totalBytes, usedBytes, availableBytes, shards: shards.size, writableShards }
}

/** The answer of `GET /stats`: names and units of 2013. */
export async function statsOf2013({ watch, uploads, queue }: CoordinatorParts, startedAtMs: number) {
  const { totalBytes, usedBytes, availableBytes, shards, writableShards } = sizesOf(watch.snapshot)
  const figures = (await queue.figures()) ?? queue.lastFigures
  return {
    uptime: Math.round(performance.now() - startedAtMs),
    processed_uploads: uploads.uploaded,
    processed_bytes: uploads.uploadedBytes,
    failed_uploads: uploads.failed,
    total_size: totalBytes,
    used_size: usedBytes,
    usage_ratio: totalBytes === 0 ? 0 : usedBytes / totalBytes,
    available_space: availableBytes,
    total_shards: shards,
    writable_shards: writableShards,
    queue_length: figures?.total ?? 0,
  }
}
