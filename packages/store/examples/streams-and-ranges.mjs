// Stores a large blob from a stream and reads parts of it; neither is ever held whole in memory.
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Store } from '@backpack/store'

const path = await mkdtemp(join(tmpdir(), 'backpack-'))
const store = await Store.open({ path })

function* tenMegabytes() {
  for (let part = 0; part < 160; part++) yield Buffer.alloc(65_536, `part ${part};`)
}
const { sizeBytes } = await store.put('film.mov', Readable.from(tenMegabytes()))
console.log(`stored ${sizeBytes} bytes`)

const { data } = await store.get('film.mov', { range: { start: 65_536, end: 65_542 } })
console.log(`bytes 65536 to 65542: ${data}`)

const hash = createHash('sha256')
const { stream } = await store.getStream('film.mov')
await pipeline(stream, hash)
const expected = createHash('sha256')
for (const part of tenMegabytes()) expected.update(part)
console.log('the stream has the same hash:', hash.digest('hex') === expected.digest('hex'))

await store.close()
await rm(path, { recursive: true })
