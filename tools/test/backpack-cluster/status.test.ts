// `status` and the queue commands against nodes and a coordinator that answer over real HTTP: an embedded cluster,
// whose queue only its coordinator can be asked about.
import {
  addServer,
  addShard,
  type ClusterTree,
  initCluster,
  openTree,
  registerDaemon,
} from '@backpack/cluster-model'
import { TemporaryDirectory } from '@backpack/test-cluster'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backpackCluster, type CliResult, startCli, useBuiltCli } from './built-cluster-cli.js'

useBuiltCli()

const parkedTask = {
  id: '{"to":"2"}',
  task: { op: 'copy', shard: '1', path: '/cat.jpg', from: ['1'], to: '2' },
  reason: 'no source has it',
  parkedAtMs: Date.UTC(2026, 0, 2),
}

const figures = {
  due: 4,
  delayed: 2,
  leased: 1,
  parked: 1,
  total: 7,
  oldestAgeMs: 5_000,
  needsRepair: {},
  serversUp: 1,
  servers: 1,
}

let directory: TemporaryDirectory
let tree: ClusterTree
let file = ''
const servers: Server[] = []

beforeEach(async () => {
  directory = new TemporaryDirectory()
  file = join(directory.path, 'cluster.json')
  tree = await openTree({ file })
  await initCluster(tree, { queueKey: 'q', queueServers: [] })
})
afterEach(async () => {
  await tree.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  directory.remove()
})

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function run(...args: string[]): Promise<CliResult> {
  return backpackCluster([...args, '--file', file])
}

/** A shard of a node that serves, one that does not yet, and one that never answers. */
async function setUpShard(): Promise<void> {
  const up = await listen((_request, response) => response.end())
  const starting = await listen((_request, response) => response.writeHead(503).end())
  const silent = await listen(() => undefined)
  for (const [index, url] of [up, starting, silent].entries()) {
    await addServer(tree, { id: String(index + 1), url, ifExists: 'refuse' })
  }
  await addShard(tree, { id: '1', nodes: ['1', '2', '3'], capacityBytes: 100, ifExists: 'refuse' })
}

/** What the coordinator of an embedded cluster answers; gives the bodies that /-/queue/retry was sent. */
async function startCoordinator(): Promise<string[]> {
  const retries: string[] = []
  const url = await listen((request, response) => {
    if (request.url === '/-/cluster') response.end(JSON.stringify({ queue: { figures } }))
    else if (request.url === '/-/queue/parked') response.end(JSON.stringify({ parked: [parkedTask] }))
    else if (request.url === '/-/queue/retry' && request.method === 'POST') {
      void text(request).then((body) => {
        retries.push(body)
        response.end('{"retried":1}')
      })
    } else response.writeHead(404).end()
  })
  await registerDaemon(tree, { kind: 'coordinator', url: `${url}/`, packageVersion: '1.2.3' })
  return retries
}

test('status shows which nodes are up, the queue and the daemons', async () => {
  await setUpShard()
  await startCoordinator()
  const { code, stdout, stderr } = await run('status')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('1 up, 2 NOT READY, 3 DOWN')
  expect(stdout).toContain('[--------------------]  0 %')
  expect(stdout).toContain('7 tasks waiting: 4 due, 2 delayed, 1 being done')
  expect(stdout).toMatch(/coordinator .* http:\/\/127\.0\.0\.1:\d+\/ .* 1\.2\.3/)
})

test('status --json has the same for machines', async () => {
  await setUpShard()
  const status = JSON.parse((await run('status', '--json')).stdout) as object
  expect(status).toMatchObject({
    cluster: file,
    shards: [{ id: '1', writable: false, capacityBytes: 100, nodes: ['1', '2', '3'] }],
    servers: [{ state: 'up' }, { state: 'not ready' }, { state: 'down' }],
    queue: { error: expect.stringContaining('not running') as string },
    daemons: [],
  })
})

test('status --watch follows the cluster until Ctrl-C', async () => {
  const child = startCli(['status', '--watch', '--json', '--file', file])
  try {
    const ended = once(child, 'close')
    let output = ''
    child.stdout?.setEncoding('utf8')
    let added = false
    for await (const data of child.stdout ?? []) {
      output += String(data)
      if (!added && output.includes('\n')) {
        added = true
        await addServer(tree, { id: 'late', url: 'http://127.0.0.1:1', ifExists: 'refuse' })
      }
      if (output.includes('"late"')) child.kill('SIGINT')
    }
    expect(output).toContain('"late"')
    expect(await ended).toEqual([0, null])
  } finally {
    child.kill('SIGKILL')
  }
})

test('the queue of an embedded cluster is asked of its coordinator', async () => {
  const retries = await startCoordinator()
  expect((await run('queue', 'show')).stdout).toMatch(
    /^Queue in the coordinator at .*\n7 tasks waiting: 4 due/,
  )
  expect(JSON.parse((await run('queue', 'show', '--json')).stdout)).toMatchObject(figures)
  expect((await run('queue', 'parked')).stdout).toBe(
    '2026-01-02T00:00:00Z  copy /cat.jpg from 1 to 2: no source has it\n1 task parked\n',
  )
  expect(JSON.parse((await run('queue', 'parked', '--json')).stdout)).toEqual(parkedTask)
  expect((await run('queue', 'retry')).stdout).toBe('1 task due again\n')
  expect((await run('queue', 'retry', parkedTask.id, '--json')).stdout).toBe('{"retried":1}\n')
  expect(retries).toEqual(['{}', JSON.stringify({ ids: [parkedTask.id] })])
})

test('of several tasks some are not parked any more: that is said, and exits 1', async () => {
  await startCoordinator()
  const { code, stdout, stderr } = await run('queue', 'retry', 'a', 'b')
  expect(stdout).toBe('1 task due again\n')
  expect(stderr).toContain('1 task of these ids not parked (any more).')
  expect(code).toBe(1)
})

test('the queue of an embedded cluster that does not run cannot be asked', async () => {
  const { code, stderr } = await run('queue', 'show')
  expect(stderr).toContain('inside of its process, and that is not running.\nStart it: npm start')
  expect(code).toBe(1)
})
