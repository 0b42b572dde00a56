// A process that fills a table key map and says what it takes: run with --expose-gc, and with the number of names.
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
  /** By the clock, which also counts what other processes took. */
  readonly longestPublishMs: number
  /** Of this process's processors, garbage collection included. */
  readonly longestPublishCpuMs: number
}

const warmUpNames = 500_000
const names = Number(process.argv[2])

// The first names pay for what any busy process takes: compiled code, V8's young generation.
fill(newMap(), warmUpNames)
const before = await settledMemory()
const map = newMap()
const longest = fill(map, names)
const after = await settledMemory()
const stats = map.stats()
const result: TableMemory = {
  names: stats.names,
  tableBytes: stats.memoryBytes,
  arrayBufferBytes: after.arrayBuffers - before.arrayBuffers,
  residentBytes: after.rss - before.rss,
  ...longest,
}
process.stdout.write(`${JSON.stringify(result)}\n`)

function newMap(): TableKeyMap {
  return new TableKeyMap(new NameHash(Buffer.from('0123456789abcdef', 'hex')))
}

function fill(filled: TableKeyMap, count: number) {
  const name = Buffer.alloc(24)
  name.write('photos/2013/')
  let longestPublishMs = 0
  let longestPublishCpuMs = 0
  for (let at = 0; at < count; at++) {
    name.write(String(at).padStart(12, '0'), 12)
    const offsetBytes = (at & 0xf_ffff) * 2048 + 64
    const entry = { volumeId: 1 + (at >>> 20), offsetBytes, lengthBytes: 2000, tombstone: false }
    const publications: Publication[] = [{ name, entry, replaces: undefined, version: 1n }]
    const startedAtMs = performance.now()
    const cpu = process.cpuUsage()
    filled.publish(publications)
    const { user, system } = process.cpuUsage(cpu)
    longestPublishMs = Math.max(longestPublishMs, performance.now() - startedAtMs)
    longestPublishCpuMs = Math.max(longestPublishCpuMs, (user + system) / 1000)
  }
  return { longestPublishMs, longestPublishCpuMs }
}

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
