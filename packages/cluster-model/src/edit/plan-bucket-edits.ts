// The plan for taking over a bucket file: who may use which shard, its limits, and shards that are missing. Pure.
import type { ShardAclEntry } from '../schema/acl-schemas.js'
import type { ShardEntry, ShardSize, ShardsMap } from '../schema/znode-schemas.js'
import { shardAclCodec, shardSizeCodec, shardsMapCodec } from '../znode-codec.js'
import { treePaths } from '../znode-paths.js'
import { describeAdmin, describeRules, sameRules, warnOfAdmin, warnOfRules } from './bucket-sentences.js'
import { type BucketModel, type Initialised, type PresentAcl, requireInitialised } from './cluster-model.js'
import { type EditPlan, listIds, type PlannedWrite, refuse } from './edit-plan.js'
import { describeMadeShard, refuseCapacity, refuseNodes } from './plan-shard-edits.js'
import type { Bucket, BucketFile } from './read-bucket-file.js'
import { warnOfSharedHosts, warnOfSingleNode } from './shard-warnings.js'

export interface ImportBucketsRequest {
  readonly file: BucketFile
  /** Of each node of the shards that are missing, which are made read-only; undefined: they are refused. */
  readonly capacityBytes?: number | undefined
  /** Gives shards that have other nodes those of the file, and replaces an ACL that cannot be understood; else both are refused. */
  readonly update?: boolean | undefined
}

type Model = Initialised<BucketModel>

export function planImportBuckets(given: BucketModel, request: ImportBucketsRequest): EditPlan {
  const model = requireInitialised(given)
  const { buckets, admin, faults } = request.file
  const changes = buckets.map((bucket) => changeOf(bucket, model, request))
  const shards: ShardsMap = new Map([
    ...model.shards,
    ...changes.flatMap(({ id, entry }) => (entry === undefined ? [] : [[id, entry] as const])),
  ])
  const reasons = [
    ...faults,
    ...(request.capacityBytes === undefined ? [] : refuseCapacity(request.capacityBytes)),
    ...changes.flatMap((change) => change.reasons),
    ...refuseUnreadable(model.adminAcl, treePaths.adminAcl, admin === undefined || request.update === true),
    // Against the map as it will be: two shards may exchange their nodes.
    ...changes.flatMap(({ id, entry }) => {
      return entry === undefined ? [] : refuseNodes({ ...model, id, nodes: entry.nodes, shards })
    }),
  ]
  if (reasons.length > 0) refuse(...reasons)
  const adminPlan = planAdminAcl(model.adminAcl, admin)
  const mapWrite = { path: treePaths.shardsMap, data: shardsMapCodec.encode(shards) }
  return {
    // The map comes last: a shard must not be seen before who may use it.
    writes: [
      ...adminPlan.writes,
      ...changes.flatMap(({ writes }) => writes),
      ...(changes.some(({ entry }) => entry !== undefined) ? [mapWrite] : []),
    ],
    done: [...changes.flatMap(({ done }) => done), ...adminPlan.done],
    warnings: [...changes.flatMap(({ warnings }) => warnings), ...adminPlan.warnings],
  }
}

/** What becomes of one bucket's shard. */
interface BucketChange {
  readonly id: string
  /** Undefined: its entry in the map stays. */
  readonly entry: ShardEntry | undefined
  readonly writes: readonly PlannedWrite[]
  readonly done: readonly string[]
  readonly warnings: readonly string[]
  readonly reasons: readonly string[]
}

function changeOf({ id, nodes, rules }: Bucket, model: Model, request: ImportBucketsRequest): BucketChange {
  const { capacityBytes, update = false } = request
  const path = treePaths.shardAcl(id)
  const acl = model.acls.get(id)
  const shard = shardChange({ id, nodes, present: model.shards.get(id), capacityBytes, update })
  const risks = [...warnOfSharedHosts(id, nodes, model.servers), ...warnOfSingleNode(id, nodes)]
  const size = shard.isNew ? sizeWrites(id, model.sizes.get(id), capacityBytes) : []
  return {
    id,
    entry: shard.entry,
    writes: [...size, ...aclWrites(path, acl, rules)],
    done: [...shard.done, `Bucket ${id}: ${describeRules(rules)}`],
    warnings: [
      ...(shard.entry === undefined ? [] : risks),
      ...warnOfReplaced(acl, path),
      ...warnOfRules(`bucket ${id}`, rules),
    ],
    reasons: [...shard.reasons, ...refuseUnreadable(acl, path, update)],
  }
}

interface ShardChange {
  readonly entry: ShardEntry | undefined
  readonly isNew: boolean
  readonly done: readonly string[]
  readonly reasons: readonly string[]
}

function shardChange({
  id,
  nodes,
  present,
  capacityBytes,
  update,
}: {
  id: string
  nodes: readonly string[]
  present: ShardEntry | undefined
  capacityBytes: number | undefined
  update: boolean
}): ShardChange {
  const none: ShardChange = { entry: undefined, isNew: false, done: [], reasons: [] }
  if (present === undefined) {
    if (capacityBytes === undefined) {
      const reason = `There is no shard ${id}: make it of nodes ${listIds(nodes)} first, or give a size for shards that are missing`
      return { ...none, reasons: [reason] }
    }
    const entry = { nodes: [...nodes], read_only: true }
    return { ...none, entry, isNew: true, done: [describeMadeShard({ id, nodes, capacityBytes })] }
  }
  if (sameNodes(present.nodes, nodes)) return none
  const differ = `Shard ${id} has nodes ${listIds(present.nodes)}, the file says ${listIds(nodes)}`
  if (!update) return { ...none, reasons: [`${differ}: mend the file, or update the shard`] }
  const moved = `Shard ${id} has nodes ${listIds(nodes)} now, it had ${listIds(present.nodes)}`
  return { ...none, entry: { ...present, nodes: [...nodes] }, done: [moved] }
}

function sizeWrites(id: string, present: ShardSize | undefined, capacityBytes = 0): PlannedWrite[] {
  if (present?.capacity === capacityBytes && present.current === 0) return []
  const size = { ...present, capacity: capacityBytes, current: 0 }
  return [{ path: treePaths.shardSize(id), data: shardSizeCodec.encode(size) }]
}

function aclWrites(path: string, present: PresentAcl, rules: ShardAclEntry): PlannedWrite[] {
  if (typeof present === 'object' && sameRules(present, rules)) return []
  // Fields of other tools beside the list stay.
  const kept = typeof present === 'object' ? present : {}
  return [{ path, data: shardAclCodec.encode({ ...kept, ...rules }) }]
}

function planAdminAcl(present: PresentAcl, admin: BucketFile['admin']): EditPlan {
  if (admin === undefined) return { writes: [], done: [], warnings: [] }
  const path = treePaths.adminAcl
  return {
    writes: aclWrites(path, present, admin),
    done: [`Administration: ${describeAdmin(admin)}`],
    warnings: [...warnOfReplaced(present, path), ...warnOfAdmin(admin)],
  }
}

function refuseUnreadable(present: PresentAcl, path: string, allowed: boolean): string[] {
  if (present !== 'unreadable' || allowed) return []
  return [`What stands in ${path} cannot be understood: mend it, or update it with the file's`]
}

function warnOfReplaced(present: PresentAcl, path: string): string[] {
  return present === 'unreadable' ? [`What stood in ${path} could not be understood and is replaced`] : []
}

function sameNodes(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id) => other.includes(id))
}
