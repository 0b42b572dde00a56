// Plans for what a cluster has one of: its maps and its queue. Pure.
import type { HostAndPort } from '../schema/addresses.js'
import { showAddress } from '../schema/addresses.js'
import { queueSchema } from '../schema/znode-schemas.js'
import { queueCodec, serversMapCodec, shardsMapCodec } from '../znode-codec.js'
import { treePaths } from '../znode-paths.js'
import { type ClusterModel, requireInitialised } from './cluster-model.js'
import { type EditPlan, type PlannedWrite, refuse } from './edit-plan.js'

export interface InitRequest {
  readonly queueKey: string
  /** None: the queue is not on Redis (the embedded cluster). */
  readonly queueServers: readonly HostAndPort[]
}

/** Makes what is missing; what is there stays as it is. */
export function planInit(model: ClusterModel, { queueKey, queueServers }: InitRequest): EditPlan {
  checkQueue(queueKey, queueServers)
  const writes: PlannedWrite[] = []
  const done: string[] = []
  const make = (noun: string, present: unknown, path: string, data: Buffer) => {
    if (present === undefined) writes.push({ path, data })
    done.push(`${noun} ${present === undefined ? '' : 'already '}initialized`)
  }
  make('Servers map', model.servers, treePaths.serversMap, serversMapCodec.encode(new Map()))
  make('Shards map', model.shards, treePaths.shardsMap, shardsMapCodec.encode(new Map()))
  const queue = { key: queueKey, servers: queueServers.map((server) => ({ ...server })) }
  make('Queue', model.queue, treePaths.queue, queueCodec.encode(queue))
  const differs = model.queue !== undefined && !sameQueue(model.queue, queue)
  const warnings = differs ? [`The queue stays as it is: ${describeQueue(model.queue)}`] : []
  return { writes, done, warnings }
}

export interface QueueRequest {
  readonly key: string
  readonly servers: readonly HostAndPort[]
}

export function planSetQueue(model: ClusterModel, { key, servers }: QueueRequest): EditPlan {
  const { queue: present } = requireInitialised(model)
  if (servers.length === 0) refuse('A queue needs at least one Redis server')
  checkQueue(key, servers)
  const queue = { ...present, key, servers: servers.map((server) => ({ ...server })) }
  const warnings: string[] = []
  if (present !== undefined && present.key !== key) {
    warnings.push(`Tasks that still wait under the key ${present.key} are moved by the daemons that run now`)
  }
  if (servers.length === 1) {
    warnings.push('With a single Redis server no upload can be queued while that one is away')
  }
  const changed = present === undefined || !sameQueue(present, queue)
  return {
    writes: changed ? [{ path: treePaths.queue, data: queueCodec.encode(queue) }] : [],
    done: ['Queue info updated!'],
    warnings,
  }
}

function checkQueue(key: string, servers: readonly HostAndPort[]): void {
  const addresses = servers.map(showAddress)
  const twice = addresses.filter((address, index) => addresses.indexOf(address) < index)
  if (twice.length > 0) refuse(`${twice.join(', ')} is given twice`)
  const parsed = queueSchema.safeParse({ key, servers })
  if (parsed.success) return
  refuse(...parsed.error.issues.map(({ path, message }) => `Queue ${path.join('.')}: ${message}`))
}

function sameQueue(one: QueueRequest, other: QueueRequest): boolean {
  return describeQueue(one) === describeQueue(other)
}

function describeQueue({ key, servers }: QueueRequest): string {
  return `${key} on ${servers.map(showAddress).join(',') || 'no server'}`
}
