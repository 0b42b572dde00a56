// Plans for making and changing shards. Pure.
import { formatSize } from '../schema/format-size.js'
import type { ServersMap, ShardEntry, ShardSize, ShardsMap } from '../schema/znode-schemas.js'
import { shardSizeCodec, shardsMapCodec } from '../znode-codec.js'
import { treePaths } from '../znode-paths.js'
import { type ClusterModel, type InitialisedModel, requireInitialised } from './cluster-model.js'
import { type EditPlan, listIds, type PlannedWrite, refuse, requireId } from './edit-plan.js'
import { warnOfSharedHosts, warnOfSingleNode } from './shard-warnings.js'

export interface AddShardRequest {
  readonly id: string
  /** Ids of servers. */
  readonly nodes: readonly string[]
  /** Of each node. Not looked at when a shard that exists is updated. */
  readonly capacityBytes: number
  /** What to do when there is a shard of that id: give it these nodes and nothing else, or refuse. */
  readonly ifExists: 'update' | 'refuse'
  /** Takes uploads from the first moment; default: not before it is enabled. */
  readonly writable?: boolean
}

export function planAddShard(model: ClusterModel, request: AddShardRequest): EditPlan {
  const { id, nodes, capacityBytes, ifExists, writable = false } = request
  const { servers, shards } = requireInitialised(model)
  requireId('shard', id)
  const present = shards.get(id)
  if (present !== undefined && ifExists === 'refuse') {
    refuse(`Shard ${id} exists already, on nodes ${listIds(present.nodes)}`)
  }
  const reasons = refuseNodes({ id, nodes, servers, shards })
  reasons.push(...refuseCapacity(capacityBytes))
  if (reasons.length > 0) refuse(...reasons)
  const risks = [...warnOfSharedHosts(id, nodes, servers), ...warnOfSingleNode(id, nodes)]
  const made = describeMadeShard({ id, nodes, capacityBytes })
  if (present === undefined) {
    const size = { ...model.size, capacity: capacityBytes, current: 0 }
    const entry = { nodes: [...nodes], ...(writable ? {} : { read_only: true }) }
    return { writes: [writeSize(id, size), writeShard(shards, id, entry)], done: [made], warnings: risks }
  }
  const same = present.nodes.join() === nodes.join()
  const kept = `Shard ${id} existed already: only its nodes count, its size stays ${describeSize(model.size)}`
  const moved = `Its nodes were ${listIds(present.nodes)} and are ${nodes.join(',')} now`
  return {
    writes: same ? [] : [writeShard(shards, id, { ...present, nodes: [...nodes] })],
    done: [made],
    warnings: [kept, ...(same ? [] : [moved]), ...risks],
  }
}

export interface SetWritableRequest {
  readonly id: string
  readonly writable: boolean
}

export function planSetShardWritable(model: ClusterModel, { id, writable }: SetWritableRequest): EditPlan {
  const { servers, shards } = requireInitialised(model)
  const present = requireShard(shards, id)
  const warnings: string[] = []
  if (writable) {
    const known = present.nodes.filter((node) => servers.has(node))
    if (known.length === 0) refuse(`Shard ${id} has no nodes: nothing could be written to it`)
    if (model.size === undefined || model.size.capacity === 0) {
      warnings.push(`Shard ${id} has no size: nothing is written to it until it is given one`)
    }
  }
  const changed = (present.read_only === true) === writable
  return {
    writes: changed ? [writeShard(shards, id, { ...present, read_only: !writable })] : [],
    done: [writable ? `Enabled shard ${id} for writing` : `Shard ${id} is read-only now`],
    warnings,
  }
}

export interface ResizeShardRequest {
  readonly id: string
  /** Of each node. */
  readonly capacityBytes: number
}

export function planResizeShard(model: ClusterModel, { id, capacityBytes }: ResizeShardRequest): EditPlan {
  requireShard(requireInitialised(model).shards, id)
  const reasons = refuseCapacity(capacityBytes)
  if (reasons.length > 0) refuse(...reasons)
  const { size } = model
  const usedBytes = size?.current ?? 0
  const full = `Shard ${id} holds ${formatSize(usedBytes)} already: nothing more is written to it`
  return {
    writes:
      size?.capacity === capacityBytes
        ? []
        : [writeSize(id, { ...size, capacity: capacityBytes, current: usedBytes })],
    done: [`Shard ${id} has size ${formatSize(capacityBytes)} now, it was ${describeSize(size)}`],
    warnings: usedBytes >= capacityBytes ? [full] : [],
  }
}

/** As the commands of 2013 said it. */
export function describeMadeShard({
  id,
  nodes,
  capacityBytes,
}: Pick<AddShardRequest, 'id' | 'nodes' | 'capacityBytes'>): string {
  return `Made shard ${id} of size ${formatSize(capacityBytes)} that consist of nodes ${nodes.join(',')}`
}

/** Why a shard cannot have these nodes, in sentences. */
export function refuseNodes({
  id,
  nodes,
  servers,
  shards,
}: Pick<InitialisedModel, 'servers' | 'shards'> & { id: string; nodes: readonly string[] }): string[] {
  if (nodes.length === 0) return [`Shard ${id} needs at least one node`]
  const reasons: string[] = []
  for (const node of new Set(nodes)) {
    if (nodes.filter((each) => each === node).length > 1) reasons.push(`Node ${node} is given more than once`)
    if (!servers.has(node)) reasons.push(unknownServer(node, servers))
    for (const [other, { nodes: taken }] of shards) {
      if (other !== id && taken.includes(node)) {
        reasons.push(`Server ${node} is in shard ${other}: a server belongs to one shard only`)
      }
    }
  }
  return reasons
}

function unknownServer(id: string, servers: ServersMap): string {
  return `There is no server ${JSON.stringify(id)}; there are ${listIds(servers.keys())}`
}

function requireShard(shards: ShardsMap, id: string): ShardEntry {
  return shards.get(id) ?? refuse(`There is no shard ${id}; there are ${listIds(shards.keys())}`)
}

export function refuseCapacity(bytes: number): string[] {
  return Number.isSafeInteger(bytes) && bytes > 0 ? [] : ['The size of a shard must be above 0']
}

function describeSize(size: ShardSize | undefined): string {
  return size === undefined ? 'unknown' : formatSize(size.capacity)
}

function writeShard(shards: ShardsMap, id: string, entry: ShardEntry): PlannedWrite {
  return { path: treePaths.shardsMap, data: shardsMapCodec.encode(new Map([...shards, [id, entry]])) }
}

function writeSize(id: string, size: ShardSize): PlannedWrite {
  return { path: treePaths.shardSize(id), data: shardSizeCodec.encode(size) }
}
