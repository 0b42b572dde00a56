// The table by itself, without files: what it remembers while its segments grow.
import { expect, test } from 'vitest'
import { NameHash } from '../../src/key-map/name-hash.js'
import { sizeClassOf, sizeOfClass } from '../../src/key-map/size-class.js'
import { TableKeyMap } from '../../src/key-map/table-key-map.js'

const bytesPerNameMax = 18
const names = 300_000
const key = Buffer.from('8 bytes!')

function entryOf(at: number) {
  return {
    volumeId: 1 + (at % 1000),
    offsetBytes: 64 + at * 8,
    lengthBytes: 80 + (at % 5000),
    tombstone: at % 17 === 0,
  }
}

function publish(table: TableKeyMap, name: Buffer, entry: ReturnType<typeof entryOf>): void {
  table.publish([{ name, entry, version: 1n, replaces: table.find(name) }])
}

test(`${names} names published one by one are all found where they are, at 18 bytes each or less`, () => {
  const table = new TableKeyMap(new NameHash(key))
  const bytesPerName: number[] = []
  for (let at = 0; at < names; at++) {
    publish(table, Buffer.from(`photos/${at}.jpg`), entryOf(at))
    if (at % 50_000 === 49_999) bytesPerName.push(table.stats().memoryBytes / (at + 1))
  }
  expect(table.stats()).toMatchObject({ names, tombstones: Math.ceil(names / 17) })
  expect(Math.max(...bytesPerName)).toBeLessThanOrEqual(bytesPerNameMax)
  const wrong: string[] = []
  for (let at = 0; at < names; at++) {
    const { volumeId, offsetBytes, lengthBytes, tombstone } = entryOf(at)
    const found = table.find(Buffer.from(`photos/${at}.jpg`))
    const right =
      found?.volumeId === volumeId &&
      found.offsetBytes === offsetBytes &&
      found.tombstone === tombstone &&
      found.lengthBytes === sizeOfClass(sizeClassOf(lengthBytes))
    if (!right) wrong.push(`photos/${at}.jpg`)
  }
  expect(wrong).toEqual([])
})

test('the largest place a slot can hold comes back whole', () => {
  const table = new TableKeyMap(new NameHash(key))
  const largest = {
    volumeId: 2 ** 20 - 1,
    offsetBytes: 2 ** 32 - 8,
    lengthBytes: sizeOfClass(sizeClassOf(2 ** 30 + 5_000)),
    tombstone: true,
  }
  publish(table, Buffer.from('a'), largest)
  expect(table.find(Buffer.from('a'))).toEqual({ ...largest, recent: false })
})

test('what was read lately is remembered through overwrites of others and growth, until it is forgotten', () => {
  const table = new TableKeyMap(new NameHash(key))
  const read = Buffer.from('read')
  publish(table, read, entryOf(1))
  table.markRecent(read, 0, read.length, entryOf(1))
  for (let at = 2; at < 200_000; at++) publish(table, Buffer.from(`n${at}`), entryOf(at))
  expect(table.find(read)?.recent).toBe(true)
  expect(table.find(Buffer.from('n2'))?.recent).toBe(false)
  table.forgetRecent()
  expect(table.find(read)?.recent).toBe(false)
  table.markRecent(read, 0, read.length, entryOf(1))
  expect(table.find(read)?.recent).toBe(true)
  publish(table, read, entryOf(34))
  expect(table.find(read)?.recent).toBe(false)
})
