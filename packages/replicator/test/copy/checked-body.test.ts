import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { BandwidthLimit } from '../../src/copy/bandwidth-limit.js'
import { PassingBody, readWhole } from '../../src/copy/checked-body.js'
import { patternBytes } from '../helpers/pattern-bytes.js'

const data = patternBytes(10_000)
const parts = [data.subarray(0, 4_000), data.subarray(4_000, 4_001), data.subarray(4_001)]
const unlimited = new BandwidthLimit(undefined)

function blobOf(bytes: Buffer) {
  const version = '0000000000000001'
  const etag = `"${version}-${crc32(bytes).toString(16).padStart(8, '0')}"`
  return { version, etag, sizeBytes: bytes.length, contentType: 'image/jpeg', lastModified: undefined }
}

function passing(body: Readable, blob = blobOf(data)) {
  return new PassingBody(body, blob, unlimited, new AbortController().signal)
}

const wrong: [string, Buffer[]][] = [
  ['a changed byte', [...parts.slice(0, 2), Buffer.from(parts[2] as Buffer).fill(0, 5, 6)]],
  ['too few bytes', parts.slice(0, 2)],
  ['too many bytes', [...parts, Buffer.from('x')]],
  ['nothing', []],
]

test('a sound body passes as it is', async () => {
  expect(await readWhole(Readable.from(parts), blobOf(data))).toEqual(data)
  const body = passing(Readable.from(parts))
  expect(Buffer.concat(await body.open().toArray())).toEqual(data)
  expect(body.failure).toBeUndefined()
})

test.each(wrong)('a body with %s is refused', async (_, given) => {
  await expect(readWhole(Readable.from(given), blobOf(data))).rejects.toMatchObject({ code: 'COPY_DAMAGED' })
})

test.each(wrong)('of a streamed body with %s the last part is never sent', async (_, given) => {
  const body = passing(Readable.from(given))
  let sentBytes = 0
  const read = async () => {
    for await (const part of body.open()) sentBytes += (part as Buffer).length
  }
  await expect(read()).rejects.toMatchObject({ code: 'COPY_DAMAGED' })
  expect(sentBytes).toBeLessThan(data.length)
  expect(body.failure?.error).toMatchObject({ code: 'COPY_DAMAGED' })
})

test('a source that breaks off is told apart from a target that does', async () => {
  const gone = new Error('gone')
  const broken = passing(
    Readable.from(
      (function* () {
        yield parts[0]
        throw gone
      })(),
    ),
  )
  await expect(broken.open().toArray()).rejects.toBe(gone)
  expect(broken.failure?.error).toBe(gone)
  const left = passing(Readable.from(parts))
  const stream = left.open()
  await stream[Symbol.asyncIterator]().next()
  stream.destroy()
  expect(left.failure).toBeUndefined()
})
