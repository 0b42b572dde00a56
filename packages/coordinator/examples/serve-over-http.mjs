// Serves the HTTP API of a cluster from inside an application.
import { smallCluster } from './small-cluster.mjs'

const { coordinator, close } = await smallCluster()
const { url, drain } = await coordinator.listen({ host: '127.0.0.1', port: 0 })

const put = await fetch(new URL('cats/tom.jpg?original', url), {
  method: 'PUT',
  body: 'meow',
  headers: { 'Content-Type': 'image/jpeg', 'X-Backpack-Copies': '2' },
})
const { shard_id: shardId } = await put.json()
console.log('PUT', put.status, 'shard', shardId, 'copies', put.headers.get('x-backpack-copies'))

// A name is everything behind the colon, query included; escape it when it is not yours.
const target = `${shardId}:${encodeURIComponent('cats/tom.jpg?original')}`
const got = await fetch(new URL(`/${target}`, url), { headers: { Range: 'bytes=0-1' } })
console.log('GET', got.status, got.headers.get('content-range'), await got.text())

const stats = await (await fetch(new URL('stats', url))).json()
console.log('uploads', stats.processed_uploads, 'of', stats.processed_bytes, 'bytes')

// On SIGTERM: finish what is under way, then let go of everything.
await drain()
await close()
