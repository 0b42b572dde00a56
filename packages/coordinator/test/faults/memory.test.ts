// One very large blob through a coordinator in a process of its own, whose memory is measured from outside.
import { addServer, addShard, FileTree, initCluster, setShardWritable } from '@backpack/cluster-model'
import { ServerProcess } from '@backpack/test-cluster'
import { createHash, type Hash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { fullFaults } from '../helpers/fault-count.js'
import { patternBytes } from '../helpers/http-request.js'
import { StoreNode } from '../helpers/store-node.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'

const mebibyte = 1024 * 1024
const aboveIdleBytesMax = 150 * mebibyte
const chunk = patternBytes(mebibyte + 13)

/** Resident bytes of a process: now, and the most since resetPeak(). */
function residentBytes(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kibibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1])
  return { now: kibibytes('VmRSS') * 1024, peak: kibibytes('VmHWM') * 1024 }
}

function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function* bytesOf(sizeBytes: number, hash: Hash): Generator<Buffer> {
  for (let left = sizeBytes; left > 0; left -= chunk.length) {
    const part = chunk.subarray(0, Math.min(left, chunk.length))
    hash.update(part)
    yield part
  }
}

function exchange(
  port: number,
  { method, target, sizeBytes }: { method: string; target: string; sizeBytes?: number },
  body: Iterable<Buffer> = [],
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = sizeBytes === undefined ? {} : { 'Content-Length': sizeBytes }
    const client = httpRequest({ port, host: '127.0.0.1', method, path: target, headers }, resolve)
    client.on('error', reject)
    pipeline(Readable.from(body), client).catch(reject)
  })
}

async function upload(port: number, name: string, sizeBytes: number): Promise<string> {
  const hash = createHash('sha256')
  const answer = await exchange(
    port,
    { method: 'PUT', target: `/${name}`, sizeBytes },
    bytesOf(sizeBytes, hash),
  )
  const text = Buffer.concat(await answer.toArray()).toString()
  expect([answer.statusCode, text]).toEqual([200, '{"shard_id":"1"}'])
  return hash.digest('hex')
}

async function download(port: number, name: string): Promise<string> {
  const answer = await exchange(port, { method: 'GET', target: `/1:${name}` })
  expect(answer.statusCode).toBe(200)
  const hash = createHash('sha256')
  await pipeline(answer, hash)
  return hash.digest('hex')
}

test('1 GiB goes in, to two nodes, and out again within 150 MB above idle', async () => {
  const sizeBytes = (fullFaults ? 1024 : 64) * mebibyte
  const directory = temporaryDirectory()
  const file = join(directory, 'tree.json')
  const spoolDirectory = join(directory, 'spool')
  const nodes = [await new StoreNode('1').start(), await new StoreNode('2').start()]
  {
    await using tree = await FileTree.open({ path: file })
    await initCluster(tree, { queueKey: 'backpack', queueServers: [] }, {})
    for (const { id, url } of nodes) await addServer(tree, { id, url, ifExists: 'refuse' }, {})
    await addShard(tree, { id: '1', nodes: ['1', '2'], capacityBytes: 2 ** 40, ifExists: 'refuse' }, {})
    await setShardWritable(tree, { id: '1', writable: true }, {})
  }
  const options = {
    cluster: { file },
    queue: { directory: join(directory, 'queue') },
    spoolDirectory,
    copies: 2,
  }
  const program = fileURLToPath(new URL('../helpers/coordinator-process.mjs', import.meta.url))
  const coordinator = new ServerProcess(process.execPath, [program, JSON.stringify(options)])
  onTestFinished(() => coordinator.stop())
  const port = Number((await coordinator.printed(/^(\d+)$/m))[1])

  // One of each first, so that idle means a process that has seen work.
  expect(await upload(port, 'first', 8 * mebibyte)).toBe(await download(port, 'first'))
  const idleBytes = residentBytes(coordinator.pid).now
  resetPeak(coordinator.pid)
  const sent = await upload(port, 'large', sizeBytes)
  const uploadPeakBytes = residentBytes(coordinator.pid).peak
  resetPeak(coordinator.pid)
  const received = await download(port, 'large')
  const downloadPeakBytes = residentBytes(coordinator.pid).peak
  const shown = [idleBytes, uploadPeakBytes, downloadPeakBytes].map((bytes) => (bytes / mebibyte).toFixed(0))
  console.log(
    `${sizeBytes / mebibyte} MiB: idle ${shown[0]} MiB, peak up ${shown[1]} MiB, peak down ${shown[2]} MiB`,
  )
  expect(received).toBe(sent)
  expect(Math.max(uploadPeakBytes, downloadPeakBytes) - idleBytes).toBeLessThanOrEqual(aboveIdleBytesMax)
  expect(readdirSync(spoolDirectory)).toEqual([])
  const etags = await Promise.all(nodes.map(async ({ store }) => (await store.head('large'))?.etag))
  expect(new Set(etags).size).toBe(1)
})
