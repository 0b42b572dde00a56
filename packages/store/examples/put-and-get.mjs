// Stores a photo and gets it back, whole and verified.  node examples/put-and-get.mjs
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from '@backpack/store'

const path = await mkdtemp(join(tmpdir(), 'backpack-'))
const store = await Store.open({ path })

const photo = Buffer.from('not really a JPEG')
const stored = await store.put('cats/tom.jpg', photo, { contentType: 'image/jpeg' })
console.log(`stored ${stored.name}: ${stored.sizeBytes} bytes, ETag ${stored.etag}`)

const found = await store.get('cats/tom.jpg')
console.log(`got ${found.data.length} bytes of ${found.info.contentType}: ${found.data}`)

console.log('a blob that is not there:', await store.get('cats/jerry.jpg'))

await store.delete('cats/tom.jpg')
console.log('after delete:', await store.get('cats/tom.jpg'))

await store.close()
await rm(path, { recursive: true })
