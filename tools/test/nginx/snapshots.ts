// Models made by hand, and the options of a configuration with the defaults of the command.
import type { ClusterSnapshot, ServerNode, Shard } from '@backpack/cluster-model'
import type { Address, NginxOptions } from '../../src/nginx/nginx-options.js'

export const imageFilterModule = '/usr/lib/nginx/modules/ngx_http_image_filter_module.so'

/** Shards by id, each a list of its nodes' addresses. */
export function snapshotOf(
  shards: Readonly<Record<string, readonly Address[]>>,
): Pick<ClusterSnapshot, 'shards'> {
  return { shards: new Map(Object.entries(shards).map(([id, nodes]) => [id, shardOf(id, nodes)])) }
}

export function shardOf(id: string, nodes: readonly Address[]): Shard {
  const servers = nodes.map(({ host, port }, index): ServerNode => {
    return { id: `${id}-${index}`, host, port, url: `http://${host}:${port}` }
  })
  return {
    id,
    nodes: servers,
    readOnly: false,
    capacityBytes: undefined,
    currentBytes: 0,
    access: 'open',
    usedBytesMax: undefined,
    bucketFlags: 0,
    blobsMax: undefined,
  }
}

export function nginxOptions(options: Partial<NginxOptions> = {}): NginxOptions {
  return {
    tier: 'storage',
    listen: ['8080'],
    serverNames: [],
    caches: [],
    resizers: [],
    storage: [],
    cacheDirectory: '/var/cache/backpack',
    cacheSizeBytes: 10 * 2 ** 30,
    cacheValidSeconds: 600,
    workDirectory: undefined,
    pidFile: undefined,
    imageFilterModule,
    ...options,
  }
}
