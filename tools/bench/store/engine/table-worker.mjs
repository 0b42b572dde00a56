// A process of its own (node --expose-gc): fills the embedded key map name by name and prints, as JSON, for each count
// asked for how many bytes a name takes and how long the longest publication took.
// Arguments: the bundle of engine parts, counts in ascending order.
import { createRequire } from 'node:module'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { blobName } from '../blobs.mjs'

const [bundlePath, ...counts] = process.argv.slice(2)
const { NameHash, TableKeyMap } = createRequire(import.meta.url)(bundlePath)
const lengthBytes = 20_536
const blobsPerVolume = 170_000
const namesPerLook = 256

const heldBefore = heldBytes()
const table = new TableKeyMap(new NameHash(randomBytes(8)))
const results = []
let next = 0
let pauseMs = 0
let waitedMs = waitedForCoreMs()
for (const count of counts.map(Number)) {
  for (; next < count; next++) publish(next)
  results.push({
    count,
    tableBytes: table.stats().memoryBytes / count,
    heldBytes: (heldBytes() - heldBefore) / count,
    pauseMs,
  })
}
process.stdout.write(JSON.stringify(results))

function publish(number) {
  const name = Buffer.from(blobName(number), 'latin1')
  const volumeId = 1 + Math.floor(number / blobsPerVolume)
  const offsetBytes = 64 + (number % blobsPerVolume) * lengthBytes
  const entry = { volumeId, offsetBytes, lengthBytes, tombstone: false }
  const publications = [{ name, entry, replaces: undefined }]
  const startedAtMs = performance.now()
  table.publish(publications, { volumeId, endBytes: offsetBytes + lengthBytes })
  const tookMs = performance.now() - startedAtMs
  // What a busy machine adds is not the table's: time spent waiting for a core since the last look is taken off.
  if (tookMs > pauseMs) pauseMs = Math.max(pauseMs, tookMs - (waitedForCoreMs() - waitedMs))
  if (number % namesPerLook === 0) waitedMs = waitedForCoreMs()
}

/** Time that the main thread was ready to run but had no core. */
function waitedForCoreMs() {
  return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6
}

/** Heap and array buffers after a collection: what this process really holds. */
function heldBytes() {
  globalThis.gc()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
