import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { crc32 } from 'node:zlib'
import { FileOutput, StreamOutput } from '../../src/export/ndjson-outputs.js'
import { NdjsonSink } from '../../src/export/ndjson-sink.js'
import { runExport } from '../../src/export/run-export.js'
import type { Store } from '../../src/index.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'

const signal = new AbortController().signal

async function exportInto(sink: NdjsonSink, store: Store, after?: string) {
  try {
    const { summary, failure } = await runExport({ store, sink, after, signal, onBlob() {} })
    expect(failure).toBeUndefined()
    return summary
  } finally {
    await sink.close()
  }
}

interface Line {
  readonly name: string
  readonly dataBase64: string
  readonly checksum: string
}

function linesOf(ndjson: string): Line[] {
  expect(ndjson.endsWith('\n')).toBe(true)
  return ndjson
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

test('a line holds the name, every fact and the data', async () => {
  const store = await openStore()
  const { version, modifiedAtMs } = await store.put('"quoted"\u2028 name', Buffer.from([0, 255, 10]), {
    contentType: 'image/jpeg',
  })
  await store.put('plain', Buffer.from('plain'))
  const path = join(temporaryDirectory(), 'all.ndjson')
  await exportInto(new NdjsonSink(await FileOutput.open(path, { continued: false })), store)
  const [quoted, plain] = linesOf(readFileSync(path, 'utf8'))
  expect(quoted).toEqual({
    name: '"quoted"\u2028 name',
    sizeBytes: 3,
    contentType: 'image/jpeg',
    version: version.toString(16).padStart(16, '0'),
    checksum: crc32(Buffer.from([0, 255, 10]))
      .toString(16)
      .padStart(8, '0'),
    modifiedAt: new Date(modifiedAtMs).toISOString(),
    dataBase64: 'AP8K',
  })
  expect(plain).toMatchObject({ name: 'plain', contentType: null })
})

test('large blobs are written in pieces that make one Base64 text, through a slow reader too', async () => {
  const store = await openStore()
  const large = Buffer.alloc(3_333_334)
  for (let at = 0; at < large.length; at++) large[at] = at % 251
  await store.put('large', large)
  await store.put('small', large.subarray(0, 100_001))
  const stream = new PassThrough({ highWaterMark: 1000 })
  const read = text(stream)
  await exportInto(new NdjsonSink(new StreamOutput(stream, signal)), store)
  stream.end()
  const lines = linesOf(await read)
  const data = new Map(lines.map(({ name, dataBase64 }) => [name, Buffer.from(dataBase64, 'base64')]))
  expect(data.get('large')?.equals(large)).toBe(true)
  expect(data.get('small')?.equals(large.subarray(0, 100_001))).toBe(true)
})

test('a file is never overwritten, but continued from a cursor', async () => {
  const store = await openStore()
  for (let blob = 0; blob < 10; blob++) await store.put(`b${blob}`, Buffer.from(`${blob}`))
  const path = join(temporaryDirectory(), 'all.ndjson')
  const cursors: string[] = []
  for await (const { cursor } of store.scan()) cursors.push(cursor)
  const first = await FileOutput.open(path, { continued: false })
  await exportInto(new NdjsonSink(first), store, cursors[4])
  await expect(FileOutput.open(path, { continued: false })).rejects.toMatchObject({ code: 'EEXIST' })
  const second = await FileOutput.open(path, { continued: true })
  await exportInto(new NdjsonSink(second), store, cursors[6])
  expect(linesOf(readFileSync(path, 'utf8')).map(({ name }) => name)).toEqual([
    ...['b5', 'b6', 'b7', 'b8', 'b9'],
    ...['b7', 'b8', 'b9'],
  ])
})

test('a line that could not be finished is taken back', async () => {
  const path = join(temporaryDirectory(), 'all.ndjson')
  appendFileSync(path, '{"name":"before"}\n')
  const output = await FileOutput.open(path, { continued: true })
  await output.write('{"name":"whole"}\n')
  output.endLine()
  await output.write('{"name":"ha')
  await output.close()
  expect(linesOf(readFileSync(path, 'utf8')).map(({ name }) => name)).toEqual(['before', 'whole'])
})
