// A process of its own: scans a whole store with data and prints bytes and seconds, as JSON.
// Arguments: module of the package, data directory.
import { pathToFileURL } from 'node:url'

const [modulePath, path] = process.argv.slice(2)
const { Store } = await import(pathToFileURL(modulePath).href)
const store = await Store.open({ path, readOnly: true })
const startedAtMs = performance.now()
const cpuBefore = process.cpuUsage()
let blobs = 0
let bytes = 0
for await (const { data } of store.scan({ withData: true })) {
  blobs++
  bytes += data.length
}
const seconds = (performance.now() - startedAtMs) / 1000
const { user, system } = process.cpuUsage(cpuBefore)
await store.close()
process.stdout.write(JSON.stringify({ blobs, bytes, seconds, cpuSeconds: (user + system) / 1e6 }))
