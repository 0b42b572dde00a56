// Plans for adding and removing servers. Pure.
import { type HostAndPort, parseServerUrl, showAddress, urlOf } from '../schema/addresses.js'
import type { ServersMap, ShardsMap } from '../schema/znode-schemas.js'
import { serversMapCodec } from '../znode-codec.js'
import { treePaths } from '../znode-paths.js'
import { type ClusterModel, requireInitialised } from './cluster-model.js'
import { type EditPlan, type PlannedWrite, refuse, requireId } from './edit-plan.js'
import { warnOfSharedHosts } from './shard-warnings.js'

export interface AddServerRequest {
  readonly id: string
  /** `http://host:port` */
  readonly url: string
  /** What to do when there is a server of that id: give it the new address, or refuse. */
  readonly ifExists: 'update' | 'refuse'
}

export function planAddServer(model: ClusterModel, { id, url, ifExists }: AddServerRequest): EditPlan {
  const { servers, shards } = requireInitialised(model)
  requireId('server', id)
  const address = parseServerUrl(url)
  if (address === undefined) refuse(`${url} is no address of a server: give one such as http://one:10001`)
  const present = servers.get(id)
  if (present !== undefined && ifExists === 'refuse') {
    refuse(`Server ${id} exists already, at ${urlOf(present)}`)
  }
  for (const [other, { host, port }] of servers) {
    if (other === id || !sameAddress({ host, port }, address)) continue
    refuse(
      `${urlOf(address)} is server ${other} already: two ids for one server would be two copies on one disk`,
    )
  }
  const done = [`Added ${url} as ${id}`]
  if (present === undefined) {
    return { writes: [writeServers(new Map([...servers, [id, { ...address }]]))], done, warnings: [] }
  }
  if (sameAddress(present, address)) {
    return { writes: [], done, warnings: [`Server ${id} was there already, with this address`] }
  }
  const changed = new Map([...servers, [id, { ...present, ...address }]])
  const moved = `Server ${id} existed already: its address was ${showAddress(present)} and is ${showAddress(address)} now`
  const warnings = [
    moved,
    ...shardsOf(id, shards).flatMap(([shard, { nodes }]) => warnOfSharedHosts(shard, nodes, changed)),
  ]
  return { writes: [writeServers(changed)], done, warnings }
}

export interface RemoveServerRequest {
  readonly id: string
}

export function planRemoveServer(model: ClusterModel, { id }: RemoveServerRequest): EditPlan {
  const { servers, shards } = requireInitialised(model)
  const present = servers.get(id)
  if (present === undefined) refuse(`There is no server ${id}`)
  const [shard] = shardsOf(id, shards)
  if (shard !== undefined) {
    refuse(`Server ${id} is still in shard ${shard[0]}: give that shard other nodes first`)
  }
  const rest = new Map([...servers].filter(([other]) => other !== id))
  return { writes: [writeServers(rest)], done: [`Removed server ${id}, ${urlOf(present)}`], warnings: [] }
}

function shardsOf(serverId: string, shards: ShardsMap) {
  return [...shards].filter(([, { nodes }]) => nodes.includes(serverId))
}

function sameAddress(one: HostAndPort, other: HostAndPort): boolean {
  return one.port === other.port && one.host.toLowerCase() === other.host.toLowerCase()
}

function writeServers(servers: ServersMap): PlannedWrite {
  return { path: treePaths.serversMap, data: serversMapCodec.encode(servers) }
}
