// Large files, slow clients, too many of them, and a node that takes connections and never says a word.
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Daemon, freePort, TestCluster, until } from '../../src/index.js'
import { fullFaults } from '../helpers/fault-count.js'

const limitMs = fullFaults ? 900_000 : 180_000
const mebibyte = 1024 * 1024
const largeBytes = (fullFaults ? 1024 : 128) * mebibyte
/** The bound above idle, per process. */
const memoryBytesMax = 150 * mebibyte
const slowClients = 100
const connections = 2_000
const answerMs = 8_000

describe('a coordinator under load', () => {
  let cluster: TestCluster
  const sockets = new Set<Socket>()

  beforeAll(async () => {
    cluster = await TestCluster.start()
  }, limitMs)

  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  })

  afterAll(async () => {
    await cluster.close()
  })

  const open = (text: string) => {
    const socket = connect(cluster.coordinator(1).port, '127.0.0.1', () => socket.write(text))
    socket.on('error', () => undefined)
    sockets.add(socket)
    return socket
  }

  it('passes a large file through in little memory', { timeout: limitMs }, async () => {
    await cluster.put('warm', 'x')
    const daemons = [
      cluster.coordinator(1),
      cluster.replicator(1),
      cluster.replicator(2),
      ...cluster.stores.values(),
    ]
    const idle = new Map(daemons.map((daemon) => [daemon, residentBytes(daemon)]))
    let most = new Map(idle)
    const sample = setInterval(() => {
      most = new Map(daemons.map((each) => [each, Math.max(most.get(each) ?? 0, residentBytes(each))]))
    }, 50)
    try {
      const shardId = await putLarge(cluster.coordinator(1), 'large.bin', largeBytes)
      expect(await readLarge(cluster.coordinator(1), `/${shardId}:large.bin`)).toBe(largeBytes)
      await cluster.untilCopied(shardId, 'large.bin', limitMs)
    } finally {
      clearInterval(sample)
    }
    for (const [daemon, bytes] of most) {
      const above = bytes - (idle.get(daemon) ?? 0)
      console.log(
        `${daemon.name}: ${(above / mebibyte).toFixed(0)} MiB above idle for ${largeBytes / mebibyte} MiB`,
      )
      expect(above, daemon.name).toBeLessThan(memoryBytesMax)
    }
  })

  it('serves a fast client beside slow ones', { timeout: limitMs }, async () => {
    const { shardId } = await cluster.put('fast.bin', Buffer.alloc(4 * mebibyte, 'fast'))
    const rounds = fullFaults ? 300 : 50
    const alone = await roundTrips(cluster, rounds)
    for (let client = 0; client < slowClients / 2; client++) {
      open(`PUT /slow-${client} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx`)
      open(`GET /${shardId}:fast.bin HTTP/1.1\r\nHost: x\r\n\r\n`).pause()
    }
    const trickle = setInterval(() => {
      for (const socket of sockets) if (!socket.isPaused() && socket.writable) socket.write('x')
    }, 1_000)
    try {
      const beside = await roundTrips(cluster, rounds)
      console.log(
        `p99 of PUT and GET: alone ${alone.toFixed(1)} ms, beside ${slowClients} slow clients ${beside.toFixed(1)} ms`,
      )
    } finally {
      clearInterval(trickle)
    }
  })

  it('refuses connections beyond its limit with 503 and Retry-After, and recovers', {
    timeout: limitMs,
  }, async () => {
    const answers: string[] = []
    for (let client = 0; client < connections; client++) {
      const socket = open('GET /-/live HTTP/1.1\r\nHost: x\r\n\r\n')
      socket.on('data', (data) => answers.push(data.toString()))
    }
    await until(() => answers.length >= connections, 'every connection was answered', limitMs)
    const refused = answers.filter((answer) => answer.startsWith('HTTP/1.1 503'))
    console.log(
      `${connections} connections: ${answers.length - refused.length} served, ${refused.length} refused`,
    )
    expect(refused.length).toBeGreaterThan(0)
    expect(answers.length - refused.length).toBeGreaterThan(500)
    expect(refused.every((answer) => /Retry-After: \d+/.test(answer))).toBe(true)
    for (const socket of sockets) socket.destroy()
    await until(async () => (await cluster.put('recovered', 'x')).copies > 0, 'it serves again')
  })
})

describe('a shard with a node that accepts and never answers', () => {
  let cluster: TestCluster
  let silent: Server
  const taken = new Set<Socket>()

  beforeAll(async () => {
    cluster = await TestCluster.start({ shards: 'read-only' })
    const port = await freePort()
    silent = createServer((socket) => taken.add(socket.on('error', () => undefined))).listen(
      port,
      '127.0.0.1',
    )
    const store = await cluster.addStore(1)
    await cluster.command('backpack-coordinator-add-server', '50', `http://127.0.0.1:${port}`)
    await cluster.command('backpack-coordinator-add-server', '51', cluster.store(store).url)
    await cluster.command('backpack-coordinator-add-shard', '9', '50,51', '1gb')
    await cluster.command('backpack-coordinator-enable-shard', '9')
    await until(async () => (await cluster.statsOf(1)).writable_shards === 1, 'the shard is known')
  }, limitMs)

  afterAll(async () => {
    for (const socket of taken) socket.destroy()
    silent.close()
    await cluster.close()
  })

  it('lets no request wait long on it', { timeout: limitMs }, async () => {
    let slowestMs = 0
    const timed = async <T>(work: Promise<T>): Promise<T> => {
      const startedMs = performance.now()
      const result = await work
      slowestMs = Math.max(slowestMs, performance.now() - startedMs)
      return result
    }
    for (let round = 0; round < (fullFaults ? 40 : 6); round++) {
      const { shardId } = await timed(cluster.put(`beside silence ${round}`, 'x'))
      expect((await timed(cluster.read(shardId, `beside silence ${round}`))).status).toBe(200)
    }
    console.log(`beside a silent node: slowest request ${slowestMs.toFixed(0)} ms`)
    expect(slowestMs).toBeLessThan(answerMs)
  })
})

function residentBytes({ pid }: Daemon): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  return Number(line?.[1] ?? 0) * 1024
}

/** p99 in ms of a PUT and a GET of 20 KB together. */
async function roundTrips(cluster: TestCluster, rounds: number): Promise<number> {
  const tookMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now()
    const { shardId } = await cluster.put('round trip', Buffer.alloc(20_480, round))
    expect((await cluster.read(shardId, 'round trip')).status).toBe(200)
    tookMs.push(performance.now() - startedMs)
  }
  return tookMs.sort((one, other) => one - other)[Math.floor(rounds * 0.99)] ?? 0
}

function putLarge({ port }: Daemon, name: string, bytes: number): Promise<string> {
  const piece = Buffer.alloc(mebibyte, 'large')
  return new Promise((resolve, reject) => {
    const put = request({
      port,
      host: '127.0.0.1',
      method: 'PUT',
      path: `/${name}`,
      headers: { 'Content-Length': bytes },
    })
    put.on('error', reject)
    put.on('response', (response) => {
      response.resume()
      if (response.statusCode === 200) resolve(String(response.headers['x-backpack-shard']))
      else reject(new Error(`PUT answered ${response.statusCode}`))
    })
    Readable.from(
      Array.from({ length: bytes / mebibyte }, () => piece),
      { highWaterMark: 1 },
    ).pipe(put)
  })
}

function readLarge({ port }: Daemon, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path }, (response) => {
      let bytes = 0
      response.on('data', (data: Buffer) => (bytes += data.length))
      response.on('end', () => resolve(bytes))
      response.on('error', reject)
    })
      .on('error', reject)
      .end()
  })
}
