// Stores a photo in a cluster, finds out where it is, reads it and deletes it.
import { smallCluster } from './small-cluster.mjs'

const { coordinator, stores, close } = await smallCluster()

// There is no replicator here that would make the second copy, so the coordinator makes it before it answers.
const put = await coordinator.put('cats/tom.jpg', Buffer.from('meow'), {
  contentType: 'image/jpeg',
  copies: 2,
})
console.log(`stored in shard ${put.shardId}: ${put.copies} copies`)
for (const store of stores) {
  const { etag } = await store.head('cats/tom.jpg')
  console.log('a store has it with the same ETag:', etag === put.etag)
}

const { blob, body } = await coordinator.get(put.shardId, 'cats/tom.jpg')
console.log(`got ${blob.sizeBytes} bytes of ${blob.contentType}:`, (await body.toArray()).toString())

// To overwrite, say which shard has the photo already.
const again = await coordinator.put('cats/tom.jpg', Buffer.from('purr'), { shardId: put.shardId })
console.log('a newer version:', again.version > put.version)

await coordinator.delete(put.shardId, 'cats/tom.jpg')
console.log('after delete:', await coordinator.head(put.shardId, 'cats/tom.jpg'))
await close()
