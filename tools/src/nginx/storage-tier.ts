// The edge right before the store nodes: one group of servers per shard, asked in turn. Pure.
import { showName } from '@backpack/command-line'
import type { ClusterSnapshot, Shard } from '@backpack/cluster-model'
import { block, conditionalHeaders, rangeHeaders, requestHeaders, upstream } from './configuration-text.js'
import { showServer } from './nginx-options.js'
import type { TierText } from './tier-text.js'

const keepalive = 16
/** No further node is asked after so long; each may take its read timeout. */
const triesSeconds = 25
const idPattern = /^[A-Za-z0-9_-]{1,32}$/
/** What stands for the upstream of a shard that has no node. */
const noNodes = '-'

/**
 * The pages that stores keep for themselves, in any spelling: what is inside must not be asked for from outside. No blob
 * can have such a name.
 */
const reservedNames = [
  '"~^/[^:]*:(?:-|%2[Dd])(?:/|%2[Ff])" "";',
  '"~^/[^:]*:(?:s|%73)(?:t|%74)(?:a|%61)(?:t|%74)(?:s|%73)(?:[?]|$)" "";',
]

/** Shards and nodes that cannot stand in a configuration are left out, with a warning. */
export function storageTier({ shards }: Pick<ClusterSnapshot, 'shards'>): TierText {
  const warnings: string[] = []
  const groups = nameGroups(shards, warnings).map(({ shard, name }) => {
    const servers = shard.nodes.flatMap((node) => {
      const server = showServer(node)
      if (server !== undefined) return server
      const address = showName(JSON.stringify([node.host, node.port]))
      warnings.push(`A node of shard ${shard.id} is left out: ${address} is no address`)
      return []
    })
    if (servers.length === 0)
      warnings.push(`Shard ${shard.id} has no nodes: its photos are answered with 503`)
    return { id: shard.id, name, servers }
  })
  if (groups.length === 0) warnings.push('The model has no shards: every photo is answered with 404')
  const used = groups.filter(({ servers }) => servers.length > 0)
  return {
    warnings,
    http: [
      ...used.flatMap(({ name, servers }) => upstream({ name, servers, keepalive })),
      '',
      '# Shard and name, split at the first colon of the target as the client sent it: nothing of it is decoded,',
      '# merged or resolved, and the query is part of the name.',
      // Enough for the longest id on every processor.
      'map_hash_bucket_size 128;',
      ...block(
        'map $request_uri $backpack_shard',
        'default "";',
        reservedNames,
        '"~^/(?<backpack_id>[A-Za-z0-9_-]+):(?<backpack_name>.+)$" $backpack_id;',
      ),
      ...block(
        'map $backpack_shard $backpack_upstream',
        'default "";',
        groups.map(({ id, name, servers }) => `${matchId(id)} ${servers.length > 0 ? name : noNodes};`),
      ),
      '',
      'proxy_next_upstream error timeout http_404 http_502 http_504;',
      `proxy_next_upstream_timeout ${triesSeconds}s;`,
      'proxy_max_temp_file_size 0;',
      ...requestHeaders(...conditionalHeaders, ...rangeHeaders),
    ],
    server: [
      'if ($backpack_upstream = "") { return 404; }',
      `if ($backpack_upstream = "${noNodes}") { return 503; }`,
      ...block('location /', 'proxy_pass http://$backpack_upstream/$backpack_name;'),
    ],
  }
}

interface Group {
  readonly shard: Shard
  readonly name: string
}

/** A name per shard, in an order that does not depend on the model's. nginx takes names that differ in case for the same. */
function nameGroups(shards: ReadonlyMap<string, Shard>, warnings: string[]): Group[] {
  const taken = new Map<string, number>()
  const order = new Intl.Collator('en', { numeric: true })
  return [...shards.values()]
    .sort((one, other) => order.compare(one.id, other.id) || (one.id < other.id ? -1 : 1))
    .flatMap((shard) => {
      if (!idPattern.test(shard.id)) {
        warnings.push(`A shard is left out: ${showName(JSON.stringify(shard.id))} is no id`)
        return []
      }
      const key = shard.id.toLowerCase()
      const before = taken.get(key) ?? 0
      taken.set(key, before + 1)
      // No id holds a dot, so this is no other shard's name.
      return [{ shard, name: `backpack-shard-${shard.id}${before === 0 ? '' : `.${before + 1}`}` }]
    })
}

/** How `map` finds an id. Strings it compares ignoring case, and words such as `default` mean something to it. */
function matchId(id: string): string {
  return /[A-Za-z]/.test(id) ? `"~^${id}$"` : `"${id}"`
}
