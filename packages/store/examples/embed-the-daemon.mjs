// Serves a store over HTTP from inside an application, and uses the same store directly.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDaemon, Store } from '@backpack/store'
import { pino } from 'pino'

const path = await mkdtemp(join(tmpdir(), 'backpack-'))
const store = await Store.open({ path })
const daemon = await startDaemon({ store, host: '127.0.0.1', port: 0, log: pino({ level: 'warn' }) })

const url = new URL('cats/tom.jpg', daemon.url)
const put = await fetch(url, { method: 'PUT', body: 'meow', headers: { 'Content-Type': 'image/jpeg' } })
console.log('PUT', put.status)

const got = await fetch(url, { headers: { Range: 'bytes=0-1' } })
console.log('GET', got.status, got.headers.get('content-range'), await got.text())

console.log('directly:', (await store.head('cats/tom.jpg')).sizeBytes, 'bytes')

const metrics = await fetch(new URL('-/metrics', daemon.url))
console.log((await metrics.text()).match(/^backpack_names \d+$/m)[0])

// On SIGTERM: finish what is under way, then let the directory go.
await daemon.drain()
await store.close()
await rm(path, { recursive: true })
