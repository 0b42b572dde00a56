// Two writers who do not overwrite each other, and a copy that carries its version.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from '@backpack/store'

const path = await mkdtemp(join(tmpdir(), 'backpack-'))
const store = await Store.open({ path: join(path, 'one') })
const refusedWith = (work) =>
  work.then(
    () => 'nothing',
    (error) => error.code,
  )

const first = await store.put('album.json', Buffer.from('[1]'), { ifNoneMatch: '*' })
const again = store.put('album.json', Buffer.from('[]'), { ifNoneMatch: '*' })
console.log('created twice, refused with', await refusedWith(again))

await store.put('album.json', Buffer.from('[1,2]'), { ifMatch: first.etag })
const late = store.put('album.json', Buffer.from('[1,3]'), { ifMatch: first.etag })
console.log('changed after somebody else, refused with', await refusedWith(late))

// A copy on another store keeps version and ETag, so that both agree on which blob is newer.
const replica = await Store.open({ path: join(path, 'two') })
const { info, data } = await store.get('album.json')
const copy = await replica.put(info.name, data, { version: info.version })
console.log('the copy has the same ETag:', copy.etag === info.etag)
console.log('copied again, created:', (await replica.put(info.name, data, { version: info.version })).created)
const older = replica.put(info.name, Buffer.from('[1]'), { version: first.version })
console.log('an older copy, refused with', await refusedWith(older))

await Promise.all([store.close(), replica.close()])
await rm(path, { recursive: true })
