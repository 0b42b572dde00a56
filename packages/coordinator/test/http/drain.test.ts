// SIGTERM's way out: what is under way is finished, what is idle is closed, nothing new is taken.
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { patternBytes, send } from '../helpers/http-request.js'
import { headerOf, RawConnection } from '../helpers/raw-http.js'
import { smallCluster } from '../helpers/small-cluster.js'
import { until } from '../helpers/until.js'

async function connected(port: number): Promise<RawConnection> {
  const connection = await RawConnection.open(port)
  onTestFinished(() => connection.close())
  return connection
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}

test('an upload and a download under way are finished, then their connections closed', async () => {
  const { port, drain, node } = await smallCluster({ nodesPerShard: [1], limits: { drainMs: 30_000 } })
  const large = patternBytes(40 * 1024 * 1024)
  await send(port, 'PUT', '/large', { body: large })
  const download = await connected(port)
  download.socket.pause()
  download.write('GET /1:large HTTP/1.1\r\nHost: x\r\n\r\n')
  const upload = await connected(port)
  upload.write('PUT /new HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf')
  const idle = await connected(port)
  await until(async () => {
    const { body } = await send(port, 'GET', '/-/metrics')
    return body.toString().includes('\nbackpack_coordinator_uploads_under_way 1\n')
  }, 'the upload is under way')
  const drained = drain()
  await until(() => isRefused(port), 'new connections are refused')
  await idle.ended()
  upload.write('done')
  const answer = await upload.read()
  expect([answer?.status, headerOf(answer!, 'X-Backpack-Shard')]).toEqual([200, '1'])
  download.socket.resume()
  expect((await download.read())?.body.equals(large)).toBe(true)
  await drained
  expect((await node('11').read('new'))?.toString()).toBe('halfdone')
})

test('a drain takes the daemon out of the tree and ends when its time is over', async () => {
  const { port, drain, tree } = await smallCluster({ nodesPerShard: [1], limits: { drainMs: 200 } })
  expect(await tree.children('/daemons')).toHaveLength(1)
  const stuck = await connected(port)
  stuck.write('PUT /new HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf')
  await until(async () => {
    const { body } = await send(port, 'GET', '/-/metrics')
    return body.toString().includes('\nbackpack_coordinator_uploads_under_way 1\n')
  }, 'the upload is under way')
  await drain()
  await stuck.ended()
  expect(await tree.children('/daemons')).toEqual([])
})
