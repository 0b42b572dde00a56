// Walks over everything with large sequential reads, stops half-way, and goes on later from a cursor.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from '@backpack/store'

const path = await mkdtemp(join(tmpdir(), 'backpack-'))
const store = await Store.open({ path })
for (let photo = 1; photo <= 10; photo++) await store.put(`photo-${photo}.jpg`, Buffer.alloc(photo * 1000))
await store.delete('photo-3.jpg')

// Save the cursor wherever you like: it is a short string, good in another process too.
let cursor
let seen = 0
for await (const entry of store.scan()) {
  cursor = entry.cursor
  if (++seen === 4) break
}
console.log(`seen ${seen} names, saved the cursor ${cursor}`)

let bytes = 0
for await (const { info, data } of store.scan({ after: cursor, withData: true })) {
  bytes += data.length
  console.log(`${info.name}: ${data.length} bytes`)
}
console.log(`the rest has ${bytes} bytes`)

await store.close()
await rm(path, { recursive: true })
