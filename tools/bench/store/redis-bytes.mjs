// What a name costs in Redis: a million blobs of one byte are put into a store, which is then opened on an empty
// Redis and so fills it. By hand: `node tools/bench/store/redis-bytes.mjs [count]` after a build.
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { distPath } from './engine/build-parts.mjs'
import { freePort, killChildren, startServer, waitUntilReady } from './servers/child.mjs'

const defaultCount = 1_000_000
const putsAtOnce = 512
const startTimeoutMs = 10_000
const day = (number) => String(1 + (number % 28)).padStart(2, '0')

/** Such as `photos/2026/11/0000001.jpg`: 26 bytes. */
function nameOf(number) {
  return `photos/2026/${day(number)}/${String(number).padStart(7, '0')}.jpg`
}

/**
 * Bytes of Redis memory per key (its used_memory after, less before), and how long Redis took to be filled. Needs
 * `redis-server` on PATH and a built store; `directory` gets a folder that is removed again.
 */
export async function measureRedisBytes({ count = defaultCount, directory = tmpdir() } = {}) {
  const work = mkdtempSync(join(directory, 'redis-bytes-'))
  try {
    const { Store } = await import(pathToFileURL(distPath).href)
    const path = join(work, 'data')
    const settings = { path, durability: 'os', reserveBytes: 0 }
    await putBlobs(await Store.open(settings), count)
    const redis = await startRedis(work)
    try {
      const before = await redis.usedMemoryBytes()
      const startedAtMs = performance.now()
      const keyMap = { kind: 'redis', redis: { port: redis.port } }
      const store = await Store.open({ ...settings, keyMap })
      const fillSeconds = (performance.now() - startedAtMs) / 1000
      const usedBytes = (await redis.usedMemoryBytes()) - before
      await store.close()
      return { count, nameBytes: nameOf(0).length, bytesPerKey: usedBytes / count, fillSeconds }
    } finally {
      await redis.stop()
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function putBlobs(store, count) {
  const data = Buffer.from('x')
  let next = 0
  const client = async () => {
    while (next < count) await store.put(nameOf(next++), data)
  }
  await Promise.all(Array.from({ length: putsAtOnce }, client))
  await store.close()
}

async function startRedis(work) {
  const { Redis } = createRequire(distPath)('ioredis')
  const port = await freePort()
  const settings = ['--bind', '127.0.0.1', '--dir', work, '--save', '', '--appendonly', 'no']
  const server = startServer('redis-server', ['--port', String(port), ...settings], { quiet: true })
  const client = new Redis({ port, retryStrategy: () => 20 })
  client.on('error', () => undefined)
  const isUp = async () => (await client.ping()) === 'PONG'
  await waitUntilReady(server, isUp, { timeoutMs: startTimeoutMs, what: 'redis-server' })
  return {
    port,
    async usedMemoryBytes() {
      return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1])
    },
    async stop() {
      client.disconnect()
      await server.stop()
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const count = Number(process.argv[2] ?? defaultCount)
    const { nameBytes, bytesPerKey, fillSeconds } = await measureRedisBytes({ count })
    console.log(
      `${count} keys of ${nameBytes} bytes: ${bytesPerKey.toFixed(1)} bytes of Redis memory each; ` +
        `filled in ${fillSeconds.toFixed(1)} s (${Math.round(count / fillSeconds)} keys/s)`,
    )
  } finally {
    killChildren()
  }
}
