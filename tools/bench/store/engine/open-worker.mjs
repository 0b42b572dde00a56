// A process of its own: opens a store and prints how long that took and what it found, as JSON.
// Arguments: module of the package, data directory.
import { pathToFileURL } from 'node:url'

const [modulePath, path] = process.argv.slice(2)
const { Store } = await import(pathToFileURL(modulePath).href)
const startedAtMs = performance.now()
const store = await Store.open({ path })
const seconds = (performance.now() - startedAtMs) / 1000
const { keyMap } = await store.stats()
const cpu = process.resourceUsage()
await store.close()
process.stdout.write(
  JSON.stringify({
    seconds,
    names: keyMap.names,
    adopted: store.recovery.reduce((sum, { adopted }) => sum + adopted, 0),
    cpuSeconds: (cpu.userCPUTime + cpu.systemCPUTime) / 1e6,
    maxRssBytes: cpu.maxRSS * 1024,
  }),
)
