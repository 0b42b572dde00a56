// Two stores and a replicator in one process: what is stored on one and queued is soon on both.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileTree, LocalQueue, pathOfName, Replicator } from '@backpack/replicator'
import { startDaemon, Store } from '@backpack/store'
import { pino } from 'pino'

const directory = await mkdtemp(join(tmpdir(), 'backpack-'))
const log = pino({ level: 'warn' })
const stores = {}
for (const id of ['1', '2']) {
  const store = await Store.open({ path: join(directory, id), reserveBytes: 0 })
  stores[id] = { store, daemon: await startDaemon({ store, host: '127.0.0.1', port: 0, log }) }
}

// The model, as it stands in ZooKeeper for a cluster: servers and the shards that they make up.
const tree = await FileTree.open({ path: join(directory, 'tree.json') })
const address = (id) => ({ host: '127.0.0.1', port: String(stores[id].daemon.port) })
await tree.create('/servers-map', Buffer.from(JSON.stringify({ 1: address('1'), 2: address('2') })))
await tree.create('/shards-map', Buffer.from(JSON.stringify({ 1: { nodes: ['1', '2'] } })))

const queue = await LocalQueue.open({ directory: join(directory, 'queue') })
const replicator = await Replicator.open({ cluster: tree, queue, concurrency: 4, log })

const { etag } = await stores['1'].store.put('cats/tom.jpg', Buffer.from('meow'))
await queue.push([{ op: 'copy', shard: '1', path: pathOfName('cats/tom.jpg'), from: ['1'], to: '2' }])
while ((await queue.figures()).total > 0) await new Promise((resolve) => setTimeout(resolve, 10))

console.log('the copy has the same ETag:', (await stores['2'].store.head('cats/tom.jpg')).etag === etag)
console.log('copied:', (await replicator.stats()).copied)

await replicator.close()
for (const { store, daemon } of Object.values(stores)) await daemon.drain().then(() => store.close())
await queue.close().then(() => tree.close())
await rm(directory, { recursive: true })
