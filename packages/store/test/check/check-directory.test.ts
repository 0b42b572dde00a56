import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkDirectory } from '../../src/check/check-directory.js'
import type { VolumeReport } from '../../src/check/check-report.js'
import {
  encodeBlock,
  encodeRecord,
  IndexCursor,
  indexHeaderBytes,
  readBlock,
} from '../../src/index/index-format.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'

/** A closed store with blobs n0..n9 in one volume, n0 overwritten and n1 deleted; its index log has two blocks. */
async function smallStore(): Promise<{ path: string; volume: string; index: string }> {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  for (let blob = 0; blob < 10; blob++) await store.put(`n${blob}`, Buffer.alloc(1000, 97 + blob))
  await store.close()
  const again = await openStore({ path })
  await again.put('n0', Buffer.from('newer'))
  await again.delete('n1')
  await again.close()
  return {
    path,
    volume: join(path, 'volumes', '00000001.volume'),
    index: join(path, 'volumes', '00000001.index'),
  }
}

async function checkOne(path: string): Promise<{ clean: boolean; volume: VolumeReport }> {
  const before = fingerprint(path)
  const report = await checkDirectory(path)
  expect(fingerprint(path)).toEqual(before)
  expect(report.volumes).toHaveLength(1)
  return { clean: report.clean, volume: report.volumes[0] as VolumeReport }
}

/** Everything in a directory, to show that the checker changes nothing. */
function fingerprint(path: string): Map<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')] as const),
  )
}

function flipByte(path: string, offsetBytes: number): void {
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(offsetBytes) ^ 0x40, offsetBytes)
  writeFileSync(path, bytes)
}

test('a sound store is clean and its needles, tombstones and bytes are counted', async () => {
  const { path } = await smallStore()
  const { clean, volume } = await checkOne(path)
  expect(volume.problems).toEqual([])
  expect(clean).toBe(true)
  expect(volume).toMatchObject({ needles: 11, tombstones: 1, dataBytes: 10_005, damage: [], tornBytes: 0 })
  expect(volume.index).toMatchObject({ state: 'sound', records: 12, unindexed: 0 })
})

test('a flipped byte in any needle is damage with its offset and the name it held', async () => {
  const { path, volume: file } = await smallStore()
  const sound = readFileSync(file)
  for (let blob = 0; blob < 10; blob++) {
    const at = sound.indexOf(Buffer.alloc(1000, 97 + blob)) + 500
    flipByte(file, at)
    const { clean, volume } = await checkOne(path)
    expect(clean).toBe(false)
    expect(volume.damage).toMatchObject([{ needles: 1, names: [`n${blob}`], quarantined: false }])
    const [region] = volume.damage
    expect(region && at > region.offsetBytes && at < region.offsetBytes + region.lengthBytes).toBe(true)
    expect(volume.index).toMatchObject({ missing: 0, extra: 0, differing: 0 })
    writeFileSync(file, sound)
  }
  expect((await checkOne(path)).clean).toBe(true)
})

test('damage that recovery put into quarantine is still reported, as known', async () => {
  const { path, volume: file, index } = await smallStore()
  flipByte(file, readFileSync(file).indexOf('dddd') + 10)
  rmSync(index)
  await (await openStore({ path })).close()
  const { clean, volume } = await checkOne(path)
  expect(clean).toBe(false)
  expect(volume.damage).toMatchObject([{ quarantined: true, needles: 0 }])
  expect(volume.index).toMatchObject({ state: 'sound', missing: 0, extra: 0 })
})

test('a volume that lost its end is damaged, whether the cut is inside a needle or between two', async () => {
  const { path, volume: file } = await smallStore()
  const sound = readFileSync(file)
  const lastNeedle = sound.lastIndexOf('NEDL')
  for (const cutAt of [lastNeedle, lastNeedle + 8, sound.length - 8]) {
    truncateSync(file, cutAt)
    const { clean, volume } = await checkOne(path)
    expect(clean).toBe(false)
    expect(volume.problems.join()).toContain(`ends at byte ${cutAt}`)
    expect(volume.tornBytes).toBe(0)
    writeFileSync(file, sound)
  }
})

test('a torn tail that no log knows is what a crash leaves: reported, but no damage', async () => {
  const { path, volume: file } = await smallStore()
  const bytes = readFileSync(file)
  appendFileSync(file, bytes.subarray(64, 64 + 400))
  const { clean, volume } = await checkOne(path)
  expect(clean).toBe(true)
  expect(volume.tornBytes).toBe(400)
  const open = await openStore({ path })
  await open.close()
  expect((await checkOne(path)).volume.tornBytes).toBe(0)
})

test('a missing, foreign, cut or broken index log is told apart', async () => {
  const { path, volume: file, index } = await smallStore()
  const sound = readFileSync(index)
  rmSync(index)
  expect(await checkOne(path)).toMatchObject({ clean: false, volume: { index: { state: 'missing' } } })

  const other = await smallStore()
  writeFileSync(index, readFileSync(other.index))
  expect(await checkOne(path)).toMatchObject({ clean: false, volume: { index: { state: 'foreign' } } })

  writeFileSync(index, sound.subarray(0, sound.length - 5))
  const cut = await checkOne(path)
  expect(cut.volume.index.tornBytes).toBeGreaterThan(0)
  expect(cut.volume.index.unindexed).toBeGreaterThan(0)
  expect(cut.clean).toBe(true)

  const firstBlock = sound.indexOf('IPBK')
  expect(sound.indexOf('IPBK', firstBlock + 1)).toBeGreaterThan(0)
  writeFileSync(index, sound)
  flipByte(index, firstBlock + 40)
  expect(await checkOne(path)).toMatchObject({ clean: false, volume: { index: { state: 'damaged' } } })

  writeFileSync(index, sound)
  flipByte(file, 20)
  const standIn = await checkOne(path)
  expect(standIn.clean).toBe(false)
  expect(standIn.volume.problems.join()).toContain('superblock')
  expect(standIn.volume.needles).toBe(11)
})

test('a volume that cannot be read at all, or is gone, is a problem of the directory', async () => {
  const { path, volume: file, index } = await smallStore()
  flipByte(file, 20)
  flipByte(index, 20)
  const unreadable = await checkDirectory(path)
  expect(unreadable).toMatchObject({ clean: false, volumes: [] })
  expect(unreadable.problems).toHaveLength(1)
  renameSync(file, `${file}.away`)
  const gone = await checkDirectory(path)
  expect(gone).toMatchObject({
    clean: false,
    problems: [expect.stringContaining('00000001.volume is missing')],
  })
  await expect(checkDirectory(temporaryDirectory())).rejects.toMatchObject({ code: 'FORMAT_UNKNOWN' })
})

test('bytes past a seal are not looked at, a volume shorter than its seal is damaged', async () => {
  const { path, volume: file } = await smallStore()
  const size = readFileSync(file).length
  writeFileSync(join(path, 'volumes', '00000001.sealed'), JSON.stringify({ sealedAtBytes: size }))
  appendFileSync(file, Buffer.alloc(512, 7))
  const past = await checkOne(path)
  expect(past).toMatchObject({ clean: true, volume: { sealedAtBytes: size, tornBytes: 0 } })
  truncateSync(file, size - 16)
  expect((await checkOne(path)).clean).toBe(false)
})

test('beside a running store that is written to, nothing is ever taken for damage', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path, volumeBytesMax: 4 * 1024 * 1024, flushIntervalMs: 10 })
  let writing = true
  let stored = 0
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let blob = 0; writing; blob++) {
      await store.put(`${writer}/${blob}`, Buffer.alloc(1 + ((blob * 7919) % 60_000), blob))
      stored++
    }
  })
  try {
    await expect.poll(() => stored, { timeout: 20_000 }).toBeGreaterThan(0)
    for (let round = 0; round < 15; round++) {
      const storedBefore = stored
      const report = await checkDirectory(path)
      expect(report.volumes.flatMap(({ problems }) => problems)).toEqual([])
      expect(report).toMatchObject({ clean: true, problems: [], ownerPid: process.pid })
      const seen = report.volumes.reduce((sum, { needles }) => sum + needles, 0)
      expect(seen).toBeGreaterThanOrEqual(storedBefore)
    }
  } finally {
    writing = false
    await Promise.all(writers)
  }
  appendFileSync(join(path, 'volumes', '00000001.volume'), Buffer.alloc(100, 1))
  const [first] = (await checkDirectory(path)).volumes
  expect(first).toMatchObject({ tornBytes: 0, beingWrittenBytes: 100, problems: [] })
})

test('an index log that disagrees with its volume shows what is missing, extra and different', async () => {
  const { path } = await smallStore()
  const volumes = join(path, 'volumes')
  const sound = readFileSync(join(volumes, '00000001.index'))
  const store = await openStore({ path })
  await store.close()
  const records = []
  const cursor = new IndexCursor()
  let coversToBytes = 0
  for (let at = indexHeaderBytes; at < sound.length; ) {
    const block = readBlock(sound, at)
    if (typeof block !== 'object') throw new Error('the log of a closed store is whole')
    cursor.bytes = sound
    cursor.at = block.start
    for (let record = 0; record < block.records; record++, cursor.at = cursor.nameEnd) {
      records.push(cursor.record())
    }
    at = block.end
    coversToBytes = block.coversToBytes
  }
  const [first, second, third, ...rest] = records
  if (first === undefined || second === undefined || third === undefined) throw new Error('too few records')
  const changed = [
    { ...second, version: second.version + 1n },
    { ...third, offsetBytes: third.offsetBytes + 8 },
    ...rest,
  ]
  writeFileSync(
    join(volumes, '00000001.index'),
    Buffer.concat([
      sound.subarray(0, indexHeaderBytes),
      encodeBlock(changed.map(encodeRecord), coversToBytes),
    ]),
  )
  const { clean, volume } = await checkOne(path)
  expect(clean).toBe(false)
  expect(volume.index).toMatchObject({ state: 'sound', missing: 2, extra: 1, differing: 1 })
  expect(volume.index.differences).toEqual([
    { kind: 'missing', offsetBytes: first.offsetBytes, name: 'n0' },
    { kind: 'differs', offsetBytes: second.offsetBytes, name: 'n1' },
    { kind: 'missing', offsetBytes: third.offsetBytes, name: 'n2' },
    { kind: 'extra', offsetBytes: third.offsetBytes + 8, name: 'n2' },
  ])
})

test('an aborted check stops with the reason of its signal', async () => {
  const { path } = await smallStore()
  const abort = new AbortController()
  abort.abort(new Error('enough'))
  await expect(checkDirectory(path, { signal: abort.signal })).rejects.toThrow('enough')
})
