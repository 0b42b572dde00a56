// A coordinator before stores that ask for the cluster secret: with it everything works, without it or with another nothing
// is written.
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { falseNode } from './helpers/false-node.js'
import { patternBytes, send } from './helpers/http-request.js'
import { type ClusterPlan, dueTasks, smallCluster } from './helpers/small-cluster.js'

const clusterSecret = 'the secret of this cluster'
const asking: ClusterPlan = { daemonOptions: { clusterSecret, refuseUnsignedReads: true } }
const bodies = [
  { size: 'a small body', bytes: Buffer.from('meow') },
  { size: 'a body in a file', bytes: patternBytes(3_000_000) },
]

describe.each(bodies)('with the secret $size', ({ bytes }) => {
  test('is uploaded, copied at once, read and deleted', async () => {
    const { port, nodes, queue } = await smallCluster({ ...asking, options: { clusterSecret, copies: 2 } })
    const put = await send(port, 'PUT', '/pets/cat%20%C3%BC?x', {
      body: bytes,
      headers: { 'Content-Type': 'image/gif' },
    })
    expect(put).toMatchObject({ status: 200, headers: { 'x-backpack-copies': '2' } })
    for (const node of nodes.values()) expect((await node.read('pets/cat ü?x'))?.equals(bytes)).toBe(true)
    const got = await send(port, 'GET', '/1:pets/cat%20%C3%BC%3Fx')
    expect({ status: got.status, same: got.body.equals(bytes) }).toEqual({ status: 200, same: true })
    expect((await send(port, 'HEAD', '/1:pets/cat%20%C3%BC%3Fx')).status).toBe(200)
    expect((await send(port, 'DELETE', '/1:pets/cat%20%C3%BC%3Fx')).status).toBe(204)
    for (const node of nodes.values()) expect(await node.read('pets/cat ü?x')).toBeUndefined()
    expect(await dueTasks(queue)).toEqual([])
  })

  test('in chunks, and of a program, is uploaded, too', async () => {
    const { coordinator, port, nodes } = await smallCluster({
      ...asking,
      options: { clusterSecret, copies: 2 },
    })
    const chunked = await fetch(`http://127.0.0.1:${port}/chunked`, {
      method: 'PUT',
      body: Readable.toWeb(Readable.from([bytes])),
      duplex: 'half',
    })
    expect(chunked.status).toBe(200)
    await coordinator.put('stream', Readable.from([bytes]))
    await coordinator.put('bytes', bytes)
    for (const node of nodes.values()) {
      for (const name of ['chunked', 'stream', 'bytes'])
        expect((await node.read(name))?.equals(bytes)).toBe(true)
    }
  })
})

test.each([
  ['no secret', {}],
  ['another secret', { clusterSecret: 'the secret of another' }],
])('with %s nothing is stored, read or deleted, and clients do not see why', async (_, options) => {
  const { port, nodes, node } = await smallCluster({ ...asking, options })
  await node('11').store.put('there', Buffer.from('x'))
  expect((await send(port, 'PUT', '/a', { body: 'x' })).status).toBe(500)
  for (const each of nodes.values())
    expect((await each.store.stats()).puts.count).toBe(each.id === '11' ? 1 : 0)
  for (const method of ['GET', 'DELETE']) {
    const answer = await send(port, method, '/1:there')
    expect(answer.status).toBe(503)
    expect(answer.body.toString()).not.toMatch(/signature/i)
  }
  expect(await node('11').read('there')).toBeDefined()
})

test('a secret that is too short is refused, and not shown', async () => {
  const refused = smallCluster({ options: { clusterSecret: 'tooshort' } })
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  await expect(refused).rejects.not.toThrow('tooshort')
})

test('a node that sends elsewhere is not followed', async () => {
  const { node, port } = await smallCluster({ nodesPerShard: [1] })
  await node('11').store.put('a', Buffer.from('secret place'))
  const url = await falseNode((request, response) => {
    request.resume().on('end', () => response.writeHead(302, { Location: `${node('11').url}/a` }).end())
  })
  const lied = await smallCluster({ nodesPerShard: [1], otherNodes: { '11': url } })
  expect((await send(lied.port, 'GET', '/1:a')).status).toBe(503)
  expect((await send(lied.port, 'PUT', '/a', { body: 'x' })).status).toBe(500)
  expect((await send(port, 'GET', '/1:a')).status).toBe(200)
})

test('a body that came damaged to a node is sent to another one: its client is not to blame', async () => {
  const url = await falseNode((request, response) => {
    const body = JSON.stringify({ code: 'CHECKSUM_MISMATCH', error: 'The body has another checksum' })
    request.resume().on('end', () => response.writeHead(400).end(body))
  })
  const { port } = await smallCluster({ otherNodes: { '11': url } })
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    expect((await send(port, 'PUT', `/${name}`, { body: 'x' })).status).toBe(200)
  }
})

test.each([
  { host: '0.0.0.0', secret: {}, warns: 'warns' },
  { host: '0.0.0.0', secret: { clusterSecret }, warns: 'does not warn' },
  { host: '127.0.0.1', secret: {}, warns: 'does not warn' },
])('listening at $host with $secret it $warns in its log', async ({ host, secret, warns }) => {
  const written: unknown[] = []
  const ignore = () => undefined
  const warn = (details: object, message: string) => void written.push({ ...details, message })
  const log = { info: ignore, warn, error: ignore }
  const { coordinator } = await smallCluster({ options: { ...secret, log } })
  await coordinator.listen({ host, port: 0 })
  const line = { host, message: 'listening beyond this machine without a cluster secret' }
  expect(written).toEqual(warns === 'warns' ? [line] : [])
})
