import { until, ZooKeeperEnsemble } from '@backpack/test-cluster'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { initCluster, resizeShard, addServer, addShard } from '../../src/edit/edit-cluster.js'
import { registerDaemon } from '../../src/register-daemon.js'
import { openTree } from '../../src/tree/open-tree.js'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { watchCluster } from '../../src/watch-cluster.js'
import { takeOverAndClose } from '../tree/zookeeper-home.js'
import { ZooKeeperProxy } from '../tree/zookeeper-proxy.js'

const root = '/backpack'

let ensemble: ZooKeeperEnsemble
let proxy: ZooKeeperProxy
let tree: ClusterTree
let admin: ClusterTree

beforeAll(async () => {
  ensemble = await ZooKeeperEnsemble.start()
})
afterAll(() => ensemble.close())
beforeEach(async () => {
  proxy = await ZooKeeperProxy.start(Number(ensemble.connectString.split(':')[1]))
  tree = await openTree({ zookeeper: proxy.address, root })
  admin = await openTree({ zookeeper: ensemble.connectString, root }, { sessionTimeoutMs: 10_000 })
})
afterEach(async () => {
  await Promise.all([tree.close(), admin.close()])
  await proxy.close()
})

/** Another client takes the session over and closes it, while the tree is kept away. */
async function expireSession(): Promise<void> {
  const { session } = proxy
  proxy.cut({ refuse: true })
  await takeOverAndClose(ensemble.connectString, session)
}

test('after a session that expired the registration is back and changes are seen', async () => {
  await initCluster(admin, { queueKey: 'q', queueServers: [] })
  await addServer(admin, { id: '1', url: 'http://one:1', ifExists: 'refuse' })
  await addShard(admin, { id: '1', nodes: ['1'], capacityBytes: 1, ifExists: 'refuse' })
  const watch = await watchCluster(tree)
  const registration = await registerDaemon(tree, { kind: 'coordinator', packageVersion: '1.0.0' })
  await until(() => watch.snapshot.daemons.length === 1, 'the daemon is seen')
  const { id: sessionBefore } = proxy.session

  await expireSession()
  expect(await admin.children('/daemons')).toEqual([])
  await resizeShard(admin, { id: '1', capacityBytes: 2 })
  expect(watch.snapshot.shards.get('1')?.capacityBytes).toBe(1)
  proxy.accept()

  await until(async () => (await admin.children('/daemons'))?.length === 1, 'the registration is back')
  await until(() => watch.snapshot.shards.get('1')?.capacityBytes === 2, 'the change is seen')
  expect(proxy.session.id).not.toBe(sessionBefore)
  await resizeShard(admin, { id: '1', capacityBytes: 3 })
  await until(() => watch.snapshot.shards.get('1')?.capacityBytes === 3, 'further changes are seen')
  await registration.close()
  await until(() => watch.snapshot.daemons.length === 0, 'the registration is gone')
  watch.close()
})
