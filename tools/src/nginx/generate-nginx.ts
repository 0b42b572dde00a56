// A complete nginx configuration for one tier of the edge. Pure: the same model and options give the same text.
import type { ClusterSnapshot } from '@backpack/cluster-model'
import { join } from 'node:path'
import { cacheTier } from './cache-tier.js'
import { block, quote } from './configuration-text.js'
import { frontendTier } from './frontend-tier.js'
import type { NginxOptions, NginxTier } from './nginx-options.js'
import { resizerTier } from './resizer-tier.js'
import { storageTier } from './storage-tier.js'
import type { TierText } from './tier-text.js'

export interface NginxConfiguration {
  readonly text: string
  /** What of the model is not in it, or serves nobody; in sentences. */
  readonly warnings: readonly string[]
}

/**
 * How long a tier waits for the next bytes from behind. Store nodes have 10 s, so that the next one is asked; each tier in
 * front waits longer than the one behind may take for all its tries, else a node that hangs would make the edges
 * themselves look dead.
 */
const readSeconds: Readonly<Record<NginxTier, number>> = { storage: 10, resizer: 40, cache: 50, frontend: 60 }
const connectSeconds = 5
const sendSeconds = 5
const connectionsMax = 8_192
const filesMax = 16_384
/** A name of 1,024 bytes has 3,072 characters when all of it is percent-encoded. */
const headerBuffers = '8 16k'

/**
 * The configuration of `options.tier`. Only the storage tier is made from the model. Whatever stands in the model, no more
 * than ids and addresses of it come into the text. Throws TypeError when the tier's addresses are missing.
 */
export function generateNginx(
  snapshot: Pick<ClusterSnapshot, 'shards'>,
  options: NginxOptions,
): NginxConfiguration {
  const tier = describeTier(snapshot, options)
  const lines = [
    `# Made by \`backpack-cluster nginx --tier ${options.tier}\`: change the model or the options, not this file.`,
    ...(tier.main ?? []),
    ...mainLines(options),
    ...block('events', `worker_connections ${connectionsMax};`),
    '',
    ...block(
      'http',
      httpLines(options),
      '',
      tier.http,
      '',
      refuseOtherHosts(options),
      block('server', serverLines(options), tier.server),
    ),
  ]
  return { text: `${lines.join('\n')}\n`, warnings: tier.warnings ?? [] }
}

function describeTier(snapshot: Pick<ClusterSnapshot, 'shards'>, options: NginxOptions): TierText {
  switch (options.tier) {
    case 'frontend':
      return frontendTier(options)
    case 'cache':
      return cacheTier(options)
    case 'resizer':
      return resizerTier(options)
    case 'storage':
      return storageTier(snapshot)
  }
}

function mainLines({ workDirectory, pidFile }: NginxOptions): string[] {
  const pidPath = pidFile ?? (workDirectory === undefined ? undefined : join(workDirectory, 'nginx.pid'))
  return [
    'worker_processes auto;',
    `worker_rlimit_nofile ${filesMax};`,
    // After a reload the old workers finish what they serve, and no later than this.
    'worker_shutdown_timeout 300s;',
    ...(pidPath === undefined ? [] : [`pid ${quote(pidPath)};`]),
    ...(workDirectory === undefined ? [] : [`error_log ${quote(join(workDirectory, 'error.log'))} error;`]),
  ]
}

function httpLines({ tier, workDirectory }: NginxOptions): string[] {
  return [
    ...(workDirectory === undefined ? [] : workPaths(workDirectory)),
    'server_tokens off;',
    'sendfile on;',
    'tcp_nopush on;',
    'reset_timedout_connection on;',
    'keepalive_timeout 65s;',
    'client_header_timeout 10s;',
    'client_body_timeout 10s;',
    'send_timeout 30s;',
    `large_client_header_buffers ${headerBuffers};`,
    '',
    'proxy_http_version 1.1;',
    // Only the headers that mean something to a store: whatever else clients send stays outside.
    'proxy_pass_request_headers off;',
    'proxy_pass_request_body off;',
    'proxy_redirect off;',
    'proxy_buffer_size 16k;',
    'proxy_buffers 16 16k;',
    `proxy_connect_timeout ${connectSeconds}s;`,
    `proxy_send_timeout ${sendSeconds}s;`,
    `proxy_read_timeout ${readSeconds[tier]}s;`,
  ]
}

function workPaths(workDirectory: string): string[] {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return [
    `access_log ${quote(join(workDirectory, 'access.log'))} combined buffer=64k flush=1s;`,
    ...temporary.map((each) => `${each}_temp_path ${quote(join(workDirectory, `${each}-temp`))};`),
  ]
}

function refuseOtherHosts({ serverNames, listen }: NginxOptions): string[] {
  if (serverNames.length === 0) return []
  const listens = listen.map((each) => `listen ${each} default_server;`)
  return block('server', listens, 'server_name "";', 'return 421;')
}

function serverLines({ listen, serverNames }: NginxOptions): string[] {
  return [
    ...listen.map((each) => `listen ${each};`),
    `server_name ${serverNames.length === 0 ? '_' : serverNames.join(' ')};`,
    'if ($request_method !~ "^(?:GET|HEAD)$") { return 403; }',
  ]
}
