// A process that fills a table key map and says what it takes: run with --expose-gc and the number of names.
import type { Publication } from '../../src/key-map/key-map.js'
import { NameHash } from '../../src/key-map/name-hash.js'
import { TableKeyMap } from '../../src/key-map/table-key-map.js'

export interface TableMemory {
  readonly names: number
  /** Of the table's own arrays, as its stats say. */
  readonly tableBytes: number
  /** What the process holds in ArrayBuffers, and in all, more than before. */
  readonly arrayBufferBytes: number
  readonly residentBytes: number
  readonly longestPublishMs: number
  /** Of the publish calls; the longest one may be the machine's doing. */
  readonly secondLongestPublishMs: number
}

const names = Number(process.argv[2])
const map = new TableKeyMap(new NameHash(Buffer.from('0123456789abcdef', 'hex')))
const name = Buffer.alloc(24)
name.write('photos/2013/')

const before = await settledMemory()
let longestPublishMs = 0
let secondLongestPublishMs = 0
for (let count = 0; count < names; count++) {
  name.write(String(count).padStart(12, '0'), 12)
  const entry = { volumeId: 1 + (count >>> 20), offsetBytes: (count & 0xf_ffff) * 2048 + 64, lengthBytes: 2000, tombstone: false }
  const publications: Publication[] = [{ name, entry, replaces: undefined, version: 1n }]
  const startedAtMs = performance.now()
  map.publish(publications)
  const tookMs = performance.now() - startedAtMs
  if (tookMs > longestPublishMs) {
    secondLongestPublishMs = longestPublishMs
    longestPublishMs = tookMs
  } else if (tookMs > secondLongestPublishMs) {
    secondLongestPublishMs = tookMs
  }
}
const after = await settledMemory()
const stats = map.stats()
const result: TableMemory = {
  names: stats.names,
  tableBytes: stats.memoryBytes,
  arrayBufferBytes: after.arrayBuffers - before.arrayBuffers,
  residentBytes: after.rss - before.rss,
  longestPublishMs,
  secondLongestPublishMs,
}
process.stdout.write(`${JSON.stringify(result)}\n`)

/** Freed ArrayBuffers are swept in the background: looks again until nothing more is given back. */
async function settledMemory(): Promise<NodeJS.MemoryUsage> {
  let last = process.memoryUsage()
  for (let round = 0; round < 50; round++) {
    globalThis.gc!()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const now = process.memoryUsage()
    if (round > 2 && now.arrayBuffers >= last.arrayBuffers && now.rss >= last.rss) return now
    last = now
  }
  return last
}
