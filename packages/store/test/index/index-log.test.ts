import { appendFileSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { nodeDiskFiles } from '../../src/disk/disk-files.js'
import { encodeBlock, encodeRecord, type IndexRecord } from '../../src/index/index-format.js'
import { IndexLog, IndexLogReader } from '../../src/index/index-log.js'
import { needleLength } from '../../src/needle/needle-format.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { TroubledDisk } from '../helpers/troubled-disk.js'

const superblock = { volumeId: 1, storeId: 2, salt: Buffer.alloc(16, 7), createdAtMs: 0 }

function makeRecords(count: number, nameBytes = 20): IndexRecord[] {
  let offsetBytes = 64
  return Array.from({ length: count }, (_, at) => {
    const name = Buffer.from(`${at}`.padEnd(nameBytes, '.'))
    const lengthBytes = needleLength({ nameLength: name.length, contentTypeLength: 0, dataLength: 100 })
    const record: IndexRecord = {
      offsetBytes,
      lengthBytes,
      version: BigInt(at),
      tombstone: at % 3 === 0,
      damage: false,
      dataLength: 100,
      dataChecksum: at,
      contentTypeLength: 0,
      name,
    }
    offsetBytes += lengthBytes
    return record
  })
}

async function createLog(files = new TroubledDisk()) {
  const path = join(temporaryDirectory(), '00000001.index')
  const log = await IndexLog.create(files, path, superblock)
  onTestFinished(() => log.close())
  return { files, path, log }
}

async function readLog(path: string): Promise<{ records: IndexRecord[]; reader: IndexLogReader }> {
  const file = await nodeDiskFiles.open(path, 'r')
  try {
    const reader = await IndexLogReader.open(file, 64)
    while ((await reader.next()) !== undefined);
    const records: IndexRecord[] = []
    await new IndexLog(file, reader.validBytes).forEach((cursor) => records.push(cursor.record()), 1)
    return { records, reader }
  } finally {
    await file.close()
  }
}

test('records are shown in order before they are flushed and after', async () => {
  const { log, path } = await createLog()
  const records = makeRecords(50)
  for (const record of records) log.append(record)
  const seen: IndexRecord[] = []
  await log.forEach((cursor) => seen.push(cursor.record()), 1)
  expect(seen).toEqual(records)
  await log.flush(Number.POSITIVE_INFINITY)
  expect((await readLog(path)).records).toEqual(records)
})

test('a flush never writes a record of a needle that is not synced', async () => {
  const { log, path } = await createLog()
  const records = makeRecords(10)
  for (const record of records) log.append(record)
  const synced = records[6] as IndexRecord
  await log.flush(synced.offsetBytes + synced.lengthBytes - 1)
  const { records: written, reader } = await readLog(path)
  expect(written).toEqual(records.slice(0, 6))
  expect(reader.coversToBytes).toBe(synced.offsetBytes)
})

test('a flush that runs out of space keeps its records, and the next one writes them', async () => {
  const { log, path, files } = await createLog()
  const records = makeRecords(40)
  for (const record of records) log.append(record)
  files.spaceLeftBytes = 500
  await expect(log.flush(Number.POSITIVE_INFINITY)).rejects.toMatchObject({ code: 'ENOSPC' })
  expect((await readLog(path)).records).toEqual([])
  expect(log.pendingBytes).toBeGreaterThan(0)
  files.spaceLeftBytes = Number.POSITIVE_INFINITY
  await log.flush(Number.POSITIVE_INFINITY)
  expect((await readLog(path)).records).toEqual(records)
  expect(log.pendingBytes).toBe(0)
})

test('a log of many blocks, longer than the window it is read through, reads back whole', async () => {
  const { log, path } = await createLog()
  const records = makeRecords(9_000, 900)
  for (const record of records) log.append(record)
  await log.flush(Number.POSITIVE_INFINITY)
  const { records: read, reader } = await readLog(path)
  expect(read.length).toBe(records.length)
  expect(read.every(({ name }, at) => name.equals((records[at] as IndexRecord).name))).toBe(true)
  expect(reader.validBytes).toBe(readFileSync(path).length)
})

test('reading stops at the first block that is cut, and says where it was', async () => {
  const { log, path } = await createLog()
  const records = makeRecords(10)
  for (const record of records.slice(0, 5)) log.append(record)
  await log.flush(Number.POSITIVE_INFINITY)
  const firstBytes = log.sizeBytes
  for (const record of records.slice(5)) log.append(record)
  await log.flush(Number.POSITIVE_INFINITY)
  for (let size = log.sizeBytes - 1; size >= firstBytes; size--) {
    truncateSync(path, size)
    const { records: read, reader } = await readLog(path)
    expect(read).toEqual(records.slice(0, 5))
    expect(reader.validBytes).toBe(firstBytes)
  }
})

test('a block whose length field is absurd ends the log instead of being waited for', async () => {
  const { log, path } = await createLog()
  log.append(makeRecords(1)[0] as IndexRecord)
  await log.flush(Number.POSITIVE_INFINITY)
  const block = encodeBlock([encodeRecord(makeRecords(1)[0] as IndexRecord)], 1_000)
  block.writeUInt32LE(0xffff_ffff, 8)
  appendFileSync(path, block)
  appendFileSync(path, Buffer.alloc(20_000_000))
  const { records, reader } = await readLog(path)
  expect(records).toHaveLength(1)
  expect(reader.validBytes).toBe(log.sizeBytes)
})
