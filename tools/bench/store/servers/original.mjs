// The 2013 package: installed from npm into the work folder, run through the preload shim, with a Redis of its own.
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from 'node:net'
import { freePort, runProgram, startServer, waitUntilReady } from './child.mjs'
import { probe } from '../load/http-client.mjs'

const packageName = 'backpack@0.5.5'
const installTimeoutMs = 120_000
const readyTimeoutMs = 15_000
const shimPath = fileURLToPath(new URL('original-shim.cjs', import.meta.url))

/** Installs the package once per work folder; returns the folder of the package. */
export async function installOriginal(work) {
  const folder = join(work, 'original-package')
  const packageFolder = join(folder, 'node_modules', 'backpack')
  if (await exists(join(packageFolder, 'package.json'))) return packageFolder
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{"private":true}\n')
  const npmArgs = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', packageName]
  await runProgram('npm', npmArgs, { cwd: folder, timeoutMs: installTimeoutMs })
  return packageFolder
}

/**
 * Starts Redis and the 2013 server on `data`, made when absent. CPU is that of both processes.
 * @param {{ work: string, data: string, dataFiles: number, direct?: boolean }} settings `dataFiles` data files are
 *   registered at the first start (one takes 3,500 MiB)
 */
export async function startOriginal({ work, data, dataFiles, direct = false }) {
  const packageFolder = await installOriginal(work)
  await mkdir(data, { recursive: true })
  const redisPort = await freePort()
  const redisArgs = [
    '--port',
    String(redisPort),
    '--bind',
    '127.0.0.1',
    '--dir',
    data,
    '--appendonly',
    'no',
    '--save',
    '',
  ]
  const redis = startServer('redis-server', redisArgs)
  await waitUntilReady(redis, async () => (await redisCommand(redisPort, 'PING')).startsWith('+PONG'), {
    timeoutMs: readyTimeoutMs,
    what: 'redis-server',
  })
  for (let file = 1; file <= dataFiles; file++) {
    await redisCommand(redisPort, 'HSET', 'files', String(file), '{"readOnly":false}')
  }
  const port = await freePort()
  const server = startServer(
    process.execPath,
    [
      '--require',
      shimPath,
      join(packageFolder, 'bin', 'backpack'),
      data,
      '127.0.0.1',
      String(port),
      '127.0.0.1',
      String(redisPort),
    ],
    { env: { BACKPACK_2013_DIRECT: direct ? '1' : '0', NODE_NO_WARNINGS: '1' }, quiet: true },
  )
  await waitUntilReady(server, async () => (await probe(port, 'no-such-file')).status === 404, {
    timeoutMs: readyTimeoutMs,
    what: '2013 backpack',
  })
  return {
    port,
    pids: [server.pid, redis.pid],
    label: `2013 backpack + Redis, ${direct ? 'O_DIRECT' : 'through the page cache'}`,
    /** Has Redis write its keys down, to be found at the next start. */
    save: () => redisCommand(redisPort, 'SAVE'),
    async stop() {
      await server.stop()
      await redis.stop()
    },
  }
}

/** Sends one command to Redis on a connection of its own; returns the raw reply. */
async function redisCommand(port, ...words) {
  const request = `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
  const socket = connect({ host: '127.0.0.1', port })
  try {
    return await new Promise((resolve, reject) => {
      socket.once('error', reject).once('data', (chunk) => resolve(chunk.toString('latin1')))
      socket.write(request)
    })
  } finally {
    socket.destroy()
  }
}

async function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  )
}
