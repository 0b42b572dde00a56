// Bodies over real HTTP into memory or spool files, and nothing left of those that do not arrive whole.
import { ClusterError, type ResendableBody } from '@backpack/cluster-model'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { createServer, type IncomingMessage, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { coordinatorLimits, type CoordinatorLimits } from '../../src/limits.js'
import { BodyRate } from '../../src/receive/body-rate.js'
import { type ReceivedBody, UploadReceiver } from '../../src/receive/receive-upload.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { until } from '../helpers/until.js'

const mebibyte = 1024 * 1024

interface Rig {
  readonly receiver: UploadReceiver
  readonly spoolDirectory: string
  /** Sends a request and gives what the receiver made of it; `end` false leaves it open. */
  send(body: Buffer, options?: { chunked?: boolean; announce?: number; end?: boolean }): Sent
}

interface Sent {
  readonly received: Promise<ReceivedBody>
  readonly client: ReturnType<typeof httpRequest>
}

async function rig(changed: Partial<CoordinatorLimits> = {}, otherRate?: BodyRate): Promise<Rig> {
  const limits = { ...coordinatorLimits, checkEveryMs: 10, ...changed }
  const spoolDirectory = temporaryDirectory()
  const rate = otherRate ?? new BodyRate(limits)
  const receiver = new UploadReceiver({ limits, spoolDirectory, rate })
  const waiting: ((request: IncomingMessage) => void)[] = []
  const server = createServer((request) => waiting.shift()?.(request))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    rate.close()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    receiver,
    spoolDirectory,
    send(body, { chunked = false, announce = body.length, end = true } = {}) {
      const headers = chunked ? {} : { 'Content-Length': announce }
      const client = httpRequest({ port, host: '127.0.0.1', method: 'PUT', headers, agent: false })
      client.on('error', () => undefined)
      onTestFinished(() => void client.destroy())
      const received = new Promise<ReceivedBody>((resolve, reject) => {
        waiting.push((request) => {
          receiver.receiveRequest(request, chunked ? undefined : announce).then(resolve, reject)
        })
      })
      received.catch(() => undefined)
      if (end) client.end(body)
      else client.write(body)
      return { received, client }
    },
  }
}

async function bytesOf(body: ResendableBody): Promise<Buffer> {
  if (Buffer.isBuffer(body)) return body
  const parts: Buffer[] = []
  for await (const part of body()) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

function pattern(sizeBytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 7 + (at >> 8)) % 251))
}

/** Files of the directory that this process has open, named or not. */
function openFilesIn(directory: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)
    } catch {
      return false
    }
  }).length
}

async function expectNothingLeft({ receiver, spoolDirectory }: Rig): Promise<void> {
  expect(receiver.memoryBytes).toBe(0)
  expect(receiver.spoolFiles).toBe(0)
  expect(readdirSync(spoolDirectory)).toEqual([])
  await until(() => openFilesIn(spoolDirectory) === 0, 'its spool files are closed')
}

async function codeOf(received: Promise<ReceivedBody>): Promise<string> {
  const error: unknown = await received.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof ClusterError) return error.code
  throw new Error('No ClusterError', { cause: error })
}

describe.each([
  ['with its length', false],
  ['in chunks', true],
])('a body sent %s', (_, chunked) => {
  test.each([1, 1000, mebibyte])('of %i bytes is held in memory', async (sizeBytes) => {
    const it = await rig()
    const body = pattern(sizeBytes)
    const received = await it.send(body, { chunked }).received
    expect(received.sizeBytes).toBe(sizeBytes)
    expect(Buffer.isBuffer(received.body)).toBe(true)
    expect((await bytesOf(received.body)).equals(body)).toBe(true)
    expect(it.receiver.memoryBytes).toBeGreaterThanOrEqual(sizeBytes)
    received.release()
    received.release()
    await expectNothingLeft(it)
  })

  test('above 1 MiB goes to a file without a name, and can be read several times at once', async () => {
    const it = await rig()
    const body = pattern(mebibyte + 1)
    const received = await it.send(body, { chunked }).received
    expect(it.receiver.spoolFiles).toBe(1)
    expect(readdirSync(it.spoolDirectory)).toEqual([])
    const copies = await Promise.all([bytesOf(received.body), bytesOf(received.body)])
    for (const copy of copies) expect(copy.equals(body)).toBe(true)
    received.release()
    received.release()
    await expectNothingLeft(it)
  })

  test('goes to a file when the memory of all bodies is taken, instead of waiting', async () => {
    const it = await rig({ bodyMemoryBytesMax: 1000 })
    const holder = it.send(Buffer.alloc(10), { announce: 1000, end: false })
    await until(() => it.receiver.memoryBytes === 1000, 'the memory is taken')
    const received = await it.send(pattern(500), { chunked }).received
    expect(it.receiver.spoolFiles).toBe(1)
    expect((await bytesOf(received.body)).equals(pattern(500))).toBe(true)
    received.release()
    holder.client.destroy()
    expect(await codeOf(holder.received)).toBe('LENGTH_MISMATCH')
    await expectNothingLeft(it)
  })

  test('of more than a blob may have is refused', async () => {
    const it = await rig({ blobBytesMax: 2 * mebibyte })
    expect(await codeOf(it.send(pattern(2 * mebibyte + 1), { chunked }).received)).toBe('BLOB_TOO_LARGE')
    await expectNothingLeft(it)
  })

  test('of no bytes is refused', async () => {
    const it = await rig()
    expect(await codeOf(it.send(Buffer.alloc(0), { chunked }).received)).toBe('LENGTH_REQUIRED')
    await expectNothingLeft(it)
  })

  test.each([
    ['in memory', 100_000],
    ['in a file', 3 * mebibyte],
  ])('leaves nothing when its client goes (%s)', async (__, sizeBytes) => {
    const it = await rig()
    const { received, client } = it.send(pattern(sizeBytes / 2), { chunked, announce: sizeBytes, end: false })
    await until(() => it.receiver.memoryBytes + it.receiver.spoolFiles > 0, 'it is under way')
    client.destroy()
    expect(await codeOf(received)).toBe('LENGTH_MISMATCH')
    await expectNothingLeft(it)
  })

  test.each([
    ['in memory', 100_000],
    ['in a file', 3 * mebibyte],
  ])('that comes too slowly is ended (%s)', async (__, sizeBytes) => {
    const it = await rig({ bodyWindowMs: 100, bodyBytesPerSecondMin: 100_000_000 })
    const { received } = it.send(pattern(sizeBytes / 2), { chunked, announce: sizeBytes, end: false })
    expect(await codeOf(received)).toBe('BODY_TOO_SLOW')
    await expectNothingLeft(it)
  })
})

test('a body whose end is due while a part of it is written is watched anew', async () => {
  const tooSlow = new ClusterError('BODY_TOO_SLOW', 'An upload must bring more')
  let watches = 0
  // The first watch ends as a part has come, when nobody waits for the next; the second while one is waited for.
  const watch: BodyRate['watch'] = (fail) => {
    const isFirst = ++watches === 1
    if (!isFirst) setTimeout(() => fail(tooSlow), 100)
    return { add: () => (isFirst ? fail(tooSlow) : undefined), stop: () => undefined }
  }
  const it = await rig({}, { watch, close: () => undefined } as unknown as BodyRate)
  const { received } = it.send(pattern(10), { announce: 3 * mebibyte, end: false })
  expect(await codeOf(received)).toBe('BODY_TOO_SLOW')
  expect(watches).toBe(2)
  await expectNothingLeft(it)
})

describe('a body given by a program', () => {
  test('as bytes is used as it is', async () => {
    const { receiver } = await rig()
    const bytes = new Uint8Array([1, 2, 3])
    const { body, sizeBytes } = await receiver.receiveFrom(bytes, undefined)
    expect(sizeBytes).toBe(3)
    expect((body as Buffer).buffer).toBe(bytes.buffer)
  })

  test('as a stream that breaks is refused with its own error, and leaves nothing', async () => {
    const it = await rig()
    async function* breaking() {
      yield pattern(2 * mebibyte)
      throw new RangeError('broken')
    }
    await expect(it.receiver.receiveFrom(breaking(), undefined)).rejects.toThrow(RangeError)
    await expectNothingLeft(it)
  })

  test.each([99, 101])('of 100 bytes where %i were promised is refused', async (promised) => {
    const it = await rig()
    async function* source() {
      yield pattern(100)
    }
    expect(await codeOf(it.receiver.receiveFrom(source(), promised))).toBe('LENGTH_MISMATCH')
    expect(await codeOf(it.receiver.receiveFrom(pattern(100), promised))).toBe('LENGTH_MISMATCH')
    await expectNothingLeft(it)
  })
})
