// nginx as a plain process, with settings to be tried against each other.
import { readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { probe } from '../load/http-client.mjs'
import { freePort, startServer, waitUntilReady } from './child.mjs'

const readyTimeoutMs = 10_000
/** Descriptors of a worker beside those of open_file_cache. */
const otherFiles = 4_096

/** How many files open_file_cache may hold: each keeps a descriptor, and root cannot always raise their limit. */
export function openFilesMax() {
  const limits = readFileSync('/proc/self/limits', 'latin1')
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1]
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Math.max(0, Number(hard) - otherFiles)
}

/**
 * Starts nginx on `root`.
 * @param {{ work: string, root: string, workers?: number, sendfile?: boolean, tcpNopush?: boolean, openFiles?: number,
 *   aioThreads?: number, put?: { bufferKiB: number, inFileOnly?: boolean }, reusePort?: boolean }} settings
 */
export async function startNginx(settings) {
  const port = await freePort()
  const folder = join(settings.work, `nginx-${port}`)
  await mkdir(join(folder, 'logs'), { recursive: true })
  const confPath = join(folder, 'nginx.conf')
  await writeFile(confPath, nginxConf({ ...settings, port, folder }))
  const server = startServer('nginx', ['-p', folder, '-e', join(folder, 'error.log'), '-c', confPath])
  await waitUntilReady(server, async () => (await probe(port, 'no-such-file')).status === 404, {
    timeoutMs: readyTimeoutMs,
    what: 'nginx',
  })
  return {
    port,
    pids: [server.pid],
    label: describeNginx(settings),
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The settings in nginx's own words, for the report. */
export function describeNginx({
  workers = 1,
  sendfile = true,
  tcpNopush = sendfile,
  openFiles = 0,
  aioThreads = 0,
  put,
  reusePort = false,
}) {
  return [
    `worker_processes ${workers}`,
    sendfile ? 'sendfile on' : 'sendfile off, output_buffers 1 32k',
    `tcp_nopush ${onOff(tcpNopush)}`,
    openFiles > 0 ? `open_file_cache max=${openFiles}` : 'open_file_cache off',
    aioThreads > 0 ? `aio threads (${aioThreads})` : '',
    reusePort ? 'reuseport' : '',
    put
      ? `client_body_buffer_size ${put.bufferKiB}k${put.inFileOnly ? ', client_body_in_file_only clean' : ''}`
      : '',
  ]
    .filter(Boolean)
    .join(', ')
}

function nginxConf({
  port,
  folder,
  root,
  put,
  workers = 1,
  sendfile = true,
  tcpNopush = sendfile,
  openFiles = 0,
  aioThreads = 0,
  reusePort = false,
}) {
  const openFileCache =
    openFiles > 0
      ? `open_file_cache max=${openFiles} inactive=1h; open_file_cache_valid 1h; open_file_cache_min_uses 1;`
      : 'open_file_cache off;'
  return `
${process.getuid() === 0 ? 'user root;' : ''}
daemon off;
pid ${folder}/nginx.pid;
worker_processes ${workers};
worker_rlimit_nofile ${Math.max(8192, openFiles + otherFiles)};
error_log ${folder}/error.log error;
${aioThreads > 0 ? `thread_pool default threads=${aioThreads} max_queue=65536;` : ''}
events { worker_connections 4096; multi_accept off; accept_mutex off; use epoll; }
http {
  access_log off;
  log_not_found off;
  server_tokens off;
  etag on;
  types { image/jpeg jpg; }
  default_type application/octet-stream;
  sendfile ${onOff(sendfile)};
  ${sendfile ? '' : 'output_buffers 1 32k;'}
  tcp_nopush ${onOff(tcpNopush)};
  tcp_nodelay on;
  ${aioThreads > 0 ? 'aio threads=default;' : ''}
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  ${openFileCache}
  client_body_temp_path ${join(folder, 'body')} 2 2;
  proxy_temp_path ${join(folder, 'proxy')};
  fastcgi_temp_path ${join(folder, 'fastcgi')};
  uwsgi_temp_path ${join(folder, 'uwsgi')};
  scgi_temp_path ${join(folder, 'scgi')};
  server {
    listen 127.0.0.1:${port} backlog=4096${reusePort ? ' reuseport' : ''};
    root ${root};
    location / {
      ${put ? putDirectives(put) : ''}
    }
  }
}
`
}

function putDirectives({ bufferKiB, inFileOnly }) {
  return `
      dav_methods PUT;
      create_full_put_path on;
      client_max_body_size 64m;
      client_body_buffer_size ${bufferKiB}k;
      ${inFileOnly ? 'client_body_in_file_only clean;' : ''}`
}

function onOff(value) {
  return value ? 'on' : 'off'
}
