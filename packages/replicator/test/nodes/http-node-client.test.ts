// The client of the cluster's model against real stores: every answer that a store gives, as the port says it.
import { nameOfPath, pathOfName } from '@backpack/cluster-model'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { openClient, startNodes, type StoreNode } from '../repair/store-nodes.js'

const image = { contentType: 'image/jpeg' }
const names = [
  'a',
  'pets/cat.jpg',
  '//x',
  '../up',
  'a/./b',
  'q?w=1&h=2',
  '?',
  '50%',
  '%2F',
  '%2e%2e',
  'a b',
  '1:2',
  '\u{1f408}',
  'a#b;c',
  'n'.repeat(1024),
]

async function begin() {
  const [node] = (await startNodes(1, { durability: 'sync' })) as [StoreNode]
  return { node, store: () => node.store(), client: openClient() }
}

test.each(names)('the name %j is put, found, read and deleted as itself', async (name) => {
  const { node, store, client } = await begin()
  const path = pathOfName(name)
  const data = Buffer.from(`photo ${name}`)
  const put = await client.put(node, path, data, { sizeBytes: data.length, ...image })
  const info = await store().head(name)
  expect(put).toMatchObject({ outcome: 'stored', created: true, etag: info?.etag })
  expect(nameOfPath(path)).toBe(name)
  const blob = { etag: info?.etag, sizeBytes: data.length, contentType: 'image/jpeg' }
  expect(await client.head(node, path)).toMatchObject({ outcome: 'found', blob })
  const got = await client.get(node, path)
  expect(got).toMatchObject({ outcome: 'found', blob })
  expect(got.outcome === 'found' && (await buffer(got.body)).equals(data)).toBe(true)
  const deleted = await client.delete(node, path)
  expect(deleted.outcome).toBe('deleted')
  const version = deleted.outcome === 'deleted' ? deleted.version : ''
  expect(await client.get(node, path)).toEqual({ outcome: 'deleted', version })
  expect(await client.head(node, path)).toEqual({ outcome: 'deleted', version })
})

test('targets that are not what pathOfName makes reach the store as they are', async () => {
  const { node, store, client } = await begin()
  await client.put(node, '//a?b=1/../c', Buffer.from('x'), { sizeBytes: 1, ...image })
  expect((await store().get('/a?b=1/../c'))?.data.toString()).toBe('x')
})

test('a missing name is missing, for a delete too; a delete with a version is kept all the same', async () => {
  const { node, client } = await begin()
  expect(await client.get(node, '/no')).toEqual({ outcome: 'missing' })
  expect(await client.head(node, '/no')).toEqual({ outcome: 'missing' })
  expect(await client.delete(node, '/no')).toEqual({ outcome: 'missing' })
  const version = '0180000000000001'
  expect(await client.delete(node, '/no', version)).toEqual({ outcome: 'deleted', version })
  expect(await client.head(node, '/no')).toEqual({ outcome: 'deleted', version })
})

test('a copy keeps its version, is stored once, and loses against what is newer', async () => {
  const { node, client } = await begin()
  const [older, version, newer] = ['0180000000000001', '0180000000010001', '0180000000020001']
  const put = (text: string, of: string | undefined) =>
    client.put(node, '/a', Buffer.from(text), { sizeBytes: text.length, ...image, version: of })
  expect(await put('copy', version)).toMatchObject({ outcome: 'stored', created: true, version })
  expect(await put('copy', version)).toMatchObject({ outcome: 'stored', created: false, version })
  expect(await put('old', older)).toEqual({ outcome: 'older', version })
  expect(await client.delete(node, '/a', older)).toEqual({ outcome: 'older', version })
  expect(await client.delete(node, '/a', newer)).toEqual({ outcome: 'deleted', version: newer })
  expect(await put('copy', version)).toEqual({ outcome: 'older', version: newer })
})

test('large bodies pass through whole, as streams and as bytes', async () => {
  const { node, store, client } = await begin()
  const data = Buffer.alloc(5_000_000, 'abcdefghi')
  await client.put(node, '/bytes', data, { sizeBytes: data.length, ...image })
  const got = await client.get(node, '/bytes')
  if (got.outcome !== 'found') throw new Error(got.outcome)
  await client.put(node, '/stream', () => got.body, { sizeBytes: got.blob.sizeBytes, ...image })
  expect((await store().get('stream'))?.data.equals(data)).toBe(true)
})

test('a store refuses with its code: an empty body, a reserved name, a version from the future, half a body', async () => {
  const { node, store, client } = await begin()
  const put = (path: string, options: { version?: string } = {}, body = Buffer.from('x')) =>
    client.put(node, path, body, { sizeBytes: body.length, ...image, ...options })
  const refused = (status: number, code: string) => ({
    code: 'NODE_REFUSED',
    details: { nodeId: '1', status, code },
  })
  await expect(put('/a', {}, Buffer.alloc(0))).rejects.toMatchObject(refused(411, 'LENGTH_REQUIRED'))
  await expect(put('/-/x')).rejects.toMatchObject(refused(400, 'NAME_RESERVED'))
  await expect(put('/a', { version: 'ffffffffffffffff' })).rejects.toMatchObject(
    refused(400, 'VERSION_INVALID'),
  )
  const half = () => Readable.from([Buffer.from('half')])
  await expect(client.put(node, '/a', half, { sizeBytes: 8, ...image })).rejects.toMatchObject({
    code: 'COPY_DAMAGED',
  })
  expect(await store().head('a')).toBeUndefined()
})

test('a store says how it is; one that is stopped is away, and served again when it is back', async () => {
  const { node, client } = await begin()
  expect(await client.getJson(node, '/-/ready')).toEqual({ ready: true })
  expect(await client.getJson(node, '/-/stats')).toMatchObject({ usedBytes: 0 })
  await node.stop()
  await expect(client.head(node, '/a')).rejects.toMatchObject({ code: 'NODE_AWAY', details: { nodeId: '1' } })
  await node.start()
  expect(await client.head(node, '/a')).toEqual({ outcome: 'missing' })
})

test('many puts and gets at once go through few connections', async () => {
  const { node, client } = await begin()
  const numbers = Array.from({ length: 500 }, (_, number) => number)
  const options = { sizeBytes: 1000, ...image }
  await Promise.all(
    numbers.map((number) => client.put(node, `/${number}`, Buffer.alloc(1000, `${number}`), options)),
  )
  const read = await Promise.all(
    numbers.map(async (number) => {
      const got = await client.get(node, `/${number}`)
      return got.outcome === 'found' && (await buffer(got.body)).equals(Buffer.alloc(1000, `${number}`))
    }),
  )
  expect(read.every(Boolean)).toBe(true)
})
