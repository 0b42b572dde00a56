import { test } from 'vitest'
import { ZooKeeperEnsemble } from '@backpack/test-cluster'
import { ZooKeeperTree } from '../../src/tree/zookeeper-tree.js'
import { ZooKeeperClient } from '../../src/tree/zookeeper-client.js'
const log = { info: (d: object, m: string) => console.log(Date.now() % 100000, m, d), warn: (d: object, m: string) => console.log(Date.now() % 100000, m, d) }
test('smoke', async () => {
  const e = await ZooKeeperEnsemble.start()
  const t0 = Date.now()
  const tree = await ZooKeeperTree.open({ servers: e.connectString, root: '/a', log })
  tree.onState((s) => console.log(Date.now() % 100000, 'state', s))
  let ready = () => {}
  const p = new Promise<void>((r) => { ready = r })
  const c = (await ZooKeeperClient.start({ addresses: e.connectString, timeoutMs: 4000 }, { connected: () => { console.log('c connected'); ready() }, lost: () => console.log('c lost'), ended: () => console.log('ended'), changed() {} }))!
  await p
  for (const n of [1000, 100_000, 500_000, 900_000, 990_000, 1_000_000, 1_040_000]) {
    console.log(n, 'create', (await c.create('/n' + n, Buffer.alloc(n, 'x'), { ephemeral: false })).code)
    for (let i = 0; i < 3; i++) {const g = await c.get('/n' + n); console.log(n, 'get', g.code, g.value?.data.length)}
    console.log(n, 'set', (await c.set('/n' + n, Buffer.alloc(n, 'x'), 0)).code)
    await new Promise((r) => setTimeout(r, 1500))
  }
  await new Promise((r) => setTimeout(r, 100))
  c.close()
  await tree.close()
  await e.close()
})
