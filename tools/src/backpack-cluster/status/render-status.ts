// The one screen of `status`. Pure: from what was collected to lines.
import type { DaemonEntry } from '@backpack/cluster-model'
import { formatBytes, formatTable, showName } from '@backpack/command-line'
import type { ClusterStatus, ServerStatus, ShardStatus } from './collect-status.js'
import { describeAge, describeFigures } from './describe-figures.js'

const barCells = 20

export function renderStatus(status: ClusterStatus): string[] {
  const { cluster, atMs, shards, servers, queue, daemons, problems } = status
  const time = new Date(atMs).toISOString().slice(0, 19)
  const figures = 'error' in queue ? [queue.error] : [queue.where, ...describeFigures(queue.figures)]
  return [
    `Cluster ${cluster} at ${time}Z`,
    ...section('Shards', renderShards(shards, new Map(servers.map((server) => [server.id, server])))),
    ...section('Servers in no shard', renderSpare(shards, servers)),
    ...section('Queue', figures),
    ...section('Daemons', daemons.length === 0 ? ['none registered'] : renderDaemons(daemons, atMs)),
    ...section('Problems', problems),
  ]
}

/** `[##########----------]`; more than full is shown as full. */
export function renderBar(ratio: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, ratio)) * barCells)
  return `[${'#'.repeat(filled)}${'-'.repeat(barCells - filled)}]`
}

/** Host names and addresses come from whoever may write to the tree: nothing of it may control the terminal. */
function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${showName(line)}`)]
}

function renderShards(shards: readonly ShardStatus[], servers: ReadonlyMap<string, ServerStatus>): string[] {
  if (shards.length === 0) return ['none']
  const rows = shards.map((shard) => {
    const nodes = shard.nodes.map((id) => showNode(servers.get(id), id)).join(', ')
    return [shard.id, shard.writable ? 'rw' : 'r', ...showUse(shard), nodes]
  })
  const usedBytes = shards.reduce((sum, { currentBytes }) => sum + currentBytes, 0)
  const capacityBytes = shards.reduce((sum, shard) => sum + (shard.capacityBytes ?? 0), 0)
  const overall = ['all', '', ...showUse({ capacityBytes, currentBytes: usedBytes }), '']
  return formatTable(['shard', '', 'use', '>', '>used', '>size', 'nodes'], [...rows, overall])
}

function showUse({
  capacityBytes,
  currentBytes,
}: Pick<ShardStatus, 'capacityBytes' | 'currentBytes'>): string[] {
  const used = formatBytes(currentBytes)
  if (capacityBytes === null || capacityBytes === 0) return ['', '', used, 'unknown']
  const ratio = currentBytes / capacityBytes
  return [renderBar(ratio), `${Math.round(ratio * 100)} %`, used, formatBytes(capacityBytes)]
}

/** What is not as it should be stands out. */
function showNode(server: ServerStatus | undefined, id: string): string {
  const state = server?.state ?? 'down'
  return `${id} ${state === 'up' ? state : state.toUpperCase()}`
}

function renderSpare(shards: readonly ShardStatus[], servers: readonly ServerStatus[]): string[] {
  const used = new Set(shards.flatMap(({ nodes }) => nodes))
  const spare = servers.filter(({ id }) => !used.has(id))
  return spare.map((server) => `${showNode(server, server.id)}  ${server.url}`)
}

function renderDaemons(daemons: readonly DaemonEntry[], atMs: number): string[] {
  const rows = daemons.map(({ kind, hostname, pid, url, startedAtMs, packageVersion }) => {
    const age = describeAge(Math.max(0, atMs - startedAtMs))
    return [kind, hostname, String(pid), url ?? '', age, packageVersion]
  })
  return formatTable(['daemon', 'host', '>pid', 'address', '>up for', 'version'], rows)
}
