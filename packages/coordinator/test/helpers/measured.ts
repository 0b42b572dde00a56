// Shards, a model and measurements to choose by, written down instead of measured.
import type { ClusterSnapshot, Shard } from '@backpack/cluster-model'
import type { Measurements, NodeMeasurement } from '../../src/measure/measurements.js'
import { noFreeSpaceLimits } from '../../src/measure/measurements.js'

export const gigabyte = 2 ** 30

/** A shard of nodes with the ids `<id>1`, `<id>2`, …; one node, empty and of 100 GB unless `fields` says otherwise. */
export function shardOf(id: string, fields: Partial<Shard> = {}, nodeCount = 1): Shard {
  const nodes = Array.from({ length: nodeCount }, (_, at) => {
    return { id: `${id}${at + 1}`, host: 'localhost', port: 1, url: 'http://localhost:1' }
  })
  return {
    id,
    nodes,
    readOnly: false,
    capacityBytes: 100 * gigabyte,
    currentBytes: 0,
    access: 'open',
    usedBytesMax: undefined,
    blobsMax: undefined,
    bucketFlags: 0,
    ...fields,
  }
}

export function snapshotOf(shards: readonly Shard[]): ClusterSnapshot {
  return {
    servers: new Map(),
    shards: new Map(shards.map((each) => [each.id, each])),
    queue: undefined,
    daemons: [],
    adminAccess: 'open',
    problems: [],
  }
}

export const healthyNode: NodeMeasurement = {
  up: true,
  figures: { usedBytes: 0, availableBytes: 100 * gigabyte, blobs: 0 },
  write: undefined,
}

/** All nodes are healthy and never measured, except those of `nodes`. */
export function measured({
  nodes = {},
  ...fields
}: Partial<Omit<Measurements, 'node'>> & {
  readonly nodes?: Readonly<Record<string, Partial<NodeMeasurement>>>
} = {}): Measurements {
  return {
    freeSpaceLimits: noFreeSpaceLimits,
    inFlightBytes: new Map(),
    inFlightUploads: new Map(),
    usualUsPerByte: 0,
    random: () => 0.5,
    ...fields,
    node: (id) => ({ ...healthyNode, ...nodes[id] }),
  }
}
