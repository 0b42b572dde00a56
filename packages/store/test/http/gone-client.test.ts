// A client that goes away in the middle of an upload leaves nothing behind.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lanes, type RunningDaemon, runDaemon, until } from '../helpers/daemon.js'
import { RawConnection, requestOnce } from '../helpers/raw-http.js'
import { get, request } from './corpus-request.js'

const megabyte = 1_000_000
/** Too long to be what ends an upload in these tests. */
const limits = { bodyWindowMs: 3_600_000, stalledMs: 3_600_000 }

async function bodyMemoryBytes({ store }: RunningDaemon): Promise<number> {
  return (await store.stats()).bodyMemoryBytes
}

async function beginUpload(daemon: RunningDaemon, name: string, sizeBytes: number): Promise<RawConnection> {
  const before = await bodyMemoryBytes(daemon)
  const connection = await RawConnection.open(daemon.port)
  connection.write(request('PUT', `/${name}`, `Content-Length: ${sizeBytes}`))
  connection.write(Buffer.alloc(sizeBytes / 2, name))
  await until(async () => (await bodyMemoryBytes(daemon)) > before, 'the upload has begun')
  return connection
}

describe.each(lanes)('through the $lane', ({ fastLane }) => {
  test.each([
    ['in memory', 100_000],
    ['in a file', 8 * megabyte],
  ])('a client gone in mid-upload leaves nothing (%s)', async (_, sizeBytes) => {
    const daemon = await runDaemon({ fastLane, limits })
    const { usedBytes } = await daemon.store.stats()
    for (const leave of ['close', 'reset', 'end'] as const) {
      const { socket } = await beginUpload(daemon, leave, sizeBytes)
      if (leave === 'close') socket.destroy()
      else if (leave === 'reset') socket.resetAndDestroy()
      else socket.end()
      await until(async () => (await bodyMemoryBytes(daemon)) === 0, `the memory of "${leave}" is free`)
      await until(() => readdirSync(join(daemon.path, 'incoming')).length === 0, 'incoming is empty')
      expect((await requestOnce(daemon.port, get(`/${leave}`))).status).toBe(404)
      socket.destroy()
    }
    const stats = await daemon.store.stats()
    expect(stats.usedBytes).toBe(usedBytes)
    expect(stats.puts.count).toBe(0)
  })

  test('a client gone in mid-overwrite leaves the old blob', async () => {
    const daemon = await runDaemon({ fastLane, limits })
    await daemon.store.put('kept', Buffer.from('old'))
    const { socket } = await beginUpload(daemon, 'kept', 4 * megabyte)
    socket.destroy()
    await until(async () => (await bodyMemoryBytes(daemon)) === 0, 'the memory is free')
    expect((await requestOnce(daemon.port, get('/kept'))).body.toString()).toBe('old')
  })

  test('a client gone while its upload waits for memory gives its turn away', async () => {
    const storeOptions = { memoryBytesMax: 2 * 1024 * 1024, waitMsMax: 3_600_000 }
    const daemon = await runDaemon({ fastLane, limits, storeOptions })
    const holders = [await beginUpload(daemon, 'a', megabyte), await beginUpload(daemon, 'b', megabyte)]
    const waiting = await RawConnection.open(daemon.port)
    waiting.write(request('PUT', '/c', `Content-Length: ${megabyte}`))
    waiting.write(Buffer.alloc(1000))
    await until(() => daemon.store.puts.count === 0, 'nothing is stored')
    waiting.close()
    for (const holder of holders) {
      holder.write(Buffer.alloc(megabyte / 2))
      expect((await holder.read())?.status).toBe(201)
      holder.close()
    }
    await until(async () => (await bodyMemoryBytes(daemon)) === 0, 'the memory is free')
    expect((await requestOnce(daemon.port, get('/c'))).status).toBe(404)
  })

  test('a client gone in mid-download gives its memory back', async () => {
    const daemon = await runDaemon({ fastLane, limits })
    await daemon.store.put('large', Buffer.alloc(30 * megabyte))
    const connection = await RawConnection.open(daemon.port)
    connection.socket.pause()
    connection.write(get('/large'))
    await until(async () => (await bodyMemoryBytes(daemon)) > 0, 'the download has begun')
    connection.socket.resetAndDestroy()
    await until(async () => (await bodyMemoryBytes(daemon)) === 0, 'the memory is free')
  })

  test('clients gone at any moment of a download leave no memory taken', async () => {
    const daemon = await runDaemon({ fastLane, limits })
    await daemon.store.put('large', Buffer.alloc(3 * megabyte))
    for (let turns = 0; turns < 150; turns++) {
      const { socket } = await RawConnection.open(daemon.port)
      socket.write(get('/large'))
      for (let turn = 0; turn < turns % 50; turn++) await new Promise(setImmediate)
      socket.resetAndDestroy()
    }
    await until(async () => (await bodyMemoryBytes(daemon)) === 0, 'the memory is free')
    // A volume that is still being read could not be closed.
    await daemon.drain()
    await daemon.store.close()
  })
})
