// What the examples run on: a cluster in one process, its model and its queue in files. Two stores make up one shard.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addServer,
  addShard,
  Coordinator,
  initCluster,
  openTree,
  setShardWritable,
} from '@backpack/coordinator'
import { startDaemon, Store } from '@backpack/store'
import { pino } from 'pino'

export async function smallCluster() {
  const path = await mkdtemp(join(tmpdir(), 'backpack-'))
  const log = pino({ level: 'silent' })
  const stores = await Promise.all(['a', 'b'].map((name) => Store.open({ path: join(path, name) })))
  const serve = (store) => startDaemon({ store, host: '127.0.0.1', port: 0, log })
  const daemons = await Promise.all(stores.map(serve))

  const tree = await openTree({ file: join(path, 'tree.json') })
  await initCluster(tree, { queueKey: 'backpack', queueServers: [] })
  await addServer(tree, { id: '1', url: daemons[0].url, ifExists: 'refuse' })
  await addServer(tree, { id: '2', url: daemons[1].url, ifExists: 'refuse' })
  await addShard(tree, { id: '1', nodes: ['1', '2'], capacityBytes: 2 ** 30, ifExists: 'refuse' })
  await setShardWritable(tree, { id: '1', writable: true })

  const coordinator = await Coordinator.open({ cluster: tree, queue: { directory: join(path, 'queue') } })
  async function close() {
    await coordinator.close()
    await tree.close()
    for (const daemon of daemons) await daemon.drain()
    for (const store of stores) await store.close()
    await rm(path, { recursive: true })
  }
  return { coordinator, stores, close }
}
