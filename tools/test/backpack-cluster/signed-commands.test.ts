// What the commands ask of daemons that take signed requests only: stores with a cluster secret, a coordinator with
// administrators.
import {
  addServer,
  addShard,
  type ClusterTree,
  initCluster,
  LocalQueue,
  openTree,
  setShardWritable,
  treePaths,
} from '@backpack/cluster-model'
import { Coordinator } from '@backpack/coordinator'
import { startDaemon, Store } from '@backpack/store'
import { TemporaryDirectory } from '@backpack/test-cluster'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backpackCluster, type RunOptions, useBuiltCli } from './built-cluster-cli.js'

useBuiltCli()

const clusterSecret = 'the secret of this cluster'
const name = 'pets/a cat/../?.jpg'
const directory = new TemporaryDirectory()
const file = join(directory.path, 'cluster.json')
const closers: (() => Promise<unknown>)[] = []
let tree: ClusterTree
let queue: LocalQueue

async function startStore(id: string): Promise<void> {
  const store = await Store.open({ path: join(directory.path, `store-${id}`), reserveBytes: 0 })
  const log = pino({ level: 'silent' })
  const daemon = await startDaemon({
    store,
    host: '127.0.0.1',
    port: 0,
    log,
    clusterSecret,
    refuseUnsignedReads: true,
  })
  closers.push(async () => {
    await daemon.drain()
    await store.close()
  })
  await addServer(tree, { id, url: `http://127.0.0.1:${daemon.port}`, ifExists: 'refuse' })
}

beforeAll(async () => {
  tree = await openTree({ file })
  await initCluster(tree, { queueKey: 'q', queueServers: [] })
  await startStore('11')
  await addServer(tree, { id: '12', url: 'http://127.0.0.1:1', ifExists: 'refuse' })
  await addShard(tree, { id: '1', nodes: ['11', '12'], capacityBytes: 2 ** 30, ifExists: 'refuse' })
  await setShardWritable(tree, { id: '1', writable: true })
  queue = await LocalQueue.open({ directory: join(directory.path, 'queue') })
  const coordinator = await Coordinator.open({ cluster: tree, queue, clusterSecret })
  closers.push(
    () => queue.close(),
    () => coordinator.close(),
  )
  await coordinator.listen({ host: '127.0.0.1', port: 0 })
  await coordinator.put(name, Buffer.from('meow'), { shardId: '1' })
})

afterAll(async () => {
  for (const close of closers.reverse()) await close()
  await tree.close()
  directory.remove()
})

interface AnsweredNode {
  readonly node: string
  readonly state: string
  readonly status?: number
  readonly code?: string
}

function secretFile(text: string): string {
  const path = join(directory.path, 'secret')
  writeFileSync(path, `${text}\n`, { mode: 0o600 })
  return path
}

describe('why', () => {
  async function statesOf(options: readonly string[], run: RunOptions = {}): Promise<string[]> {
    const { code, stdout, stderr } = await backpackCluster(
      ['why', name, '--json', '--file', file, ...options],
      run,
    )
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).not.toContain(clusterSecret)
    const { holders } = JSON.parse(stdout) as { holders: { nodes: readonly AnsweredNode[] }[] }
    const words = ({ node, state, status, code: said }: AnsweredNode) => [node, state, status, said]
    return holders
      .flatMap(({ nodes }) => nodes.map((node) => words(node).filter((word) => word !== undefined)))
      .map((each) => each.join(' '))
      .sort()
  }

  test('finds a photo in stores that serve signed reads only, with the secret', async () => {
    const found = ['11 found', '12 no answer']
    expect(await statesOf(['--cluster-secret-file', secretFile(clusterSecret)])).toEqual(found)
    expect(await statesOf([], { env: { BACKPACK_CLUSTER_SECRET: clusterSecret } })).toEqual(found)
  })

  test('says that they refuse without it, and with another one', async () => {
    const refused = (code: string) => [`11 refused 403 ${code}`, '12 no answer']
    expect(await statesOf([])).toEqual(refused('SIGNATURE_REQUIRED'))
    const another = ['--cluster-secret-file', secretFile('the secret of another')]
    expect(await statesOf(another)).toEqual(refused('SIGNATURE_INVALID'))
    const { stdout } = await backpackCluster(['why', name, '--file', file, ...another])
    expect(stdout).toContain('refused 403 SIGNATURE_INVALID')
  })

  test('asks nobody when the secret cannot be read', async () => {
    const { code, stderr } = await backpackCluster([
      ...['why', name, '--file', file, '--cluster-secret-file', '/does/not/exist'],
    ])
    expect([code, stderr]).toEqual([1, expect.stringContaining('cluster secret cannot be read')])
  })
})

describe('queue retry', () => {
  const retry = () => backpackCluster(['queue', 'retry', '--json', '--file', file])
  const token = 'the token of the administrator'

  async function park(): Promise<void> {
    const claims = await queue.claim({ limit: 10, leaseMs: 60_000 })
    expect(claims).toHaveLength(1)
    await queue.park(claims[0]!.id, 'a test')
  }

  async function setAdmins(acl: readonly object[]): Promise<void> {
    const data = Buffer.from(JSON.stringify({ acl, flags: 0, 'max-size': 0, 'max-key-num': 0 }))
    const present = await tree.get(treePaths.adminAcl)
    if (present === undefined) await tree.create(treePaths.adminAcl, data)
    else await tree.set(treePaths.adminAcl, data, present.version)
  }

  test('is signed by the first administrator of the model, where there are any', async () => {
    await park()
    const { code, stdout } = await retry()
    expect([code, stdout]).toEqual([0, '{"retried":1}\n'])
    await setAdmins([
      { user: 'mary', token: 'the token of mary', flags: 2 },
      { user: 'Wärter: 1', token, flags: 4 },
    ])
    await park()
    const signed = await retry()
    expect([signed.code, signed.stdout, signed.stderr]).toEqual([0, '{"retried":1}\n', ''])
  })

  test('is refused where nobody may administer, and shows no token', async () => {
    await setAdmins([{ user: 'mary', token, flags: 2 }])
    const { code, stderr } = await retry()
    expect([code, stderr]).toEqual([1, expect.stringContaining('it answers 403')])
    expect(stderr).not.toContain(token)
  })
})
