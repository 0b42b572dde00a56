// Real photos made smaller on the fly: client → resizer → storage edge → stores.
import type { NginxProcess } from '@backpack/test-cluster'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { resizeSideMax } from '../../src/nginx/resizer-tier.js'
import { imageSize } from './image-size.js'
import { snapshotOf } from './snapshots.js'
import { startTier } from './start-tier.js'
import { ask, deleteFrom, putOn, startNode, type StoreNode } from './store-nodes.js'

const images = new URL('../../../packages/store/test/fixtures/images/', import.meta.url)
const jpeg = readFileSync(new URL('animals/clown_loach_01.jpg', images))
const png = readFileSync(new URL('food/lemon1.png', images))

interface Edge {
  readonly node: StoreNode
  readonly storage: NginxProcess
  readonly resizer: NginxProcess
}

async function startEdge(): Promise<Edge> {
  const node = await startNode()
  const storage = await startTier({}, snapshotOf({ 1: [node] }))
  const resizer = await startTier({ tier: 'resizer', storage: [storage.address] })
  return { node, storage, resizer }
}

test('a photo is made as small as asked, its sides in proportion', async () => {
  const { node, resizer } = await startEdge()
  await putOn(node, '/a.jpg', jpeg)
  const { width, height } = imageSize(jpeg)
  const sizeOf = async (query: string) => {
    const answer = await ask(resizer.port, `/1:a.jpg${query}`)
    expect({ query, status: answer.status }).toEqual({ query, status: 200 })
    expect(answer.headers['content-type']).toBe('image/jpeg')
    return imageSize(answer.body)
  }
  expect(await sizeOf('?w=100')).toEqual({
    kind: 'jpeg',
    width: 100,
    height: Math.floor((100 * height) / width),
  })
  expect((await sizeOf('?h=50')).height).toBe(50)
  expect((await sizeOf('?w=90&h=10')).height).toBe(10)
  expect((await sizeOf('?w=1&h=2000')).width).toBe(1)
})

test('a photo is never made larger', async () => {
  const { node, resizer } = await startEdge()
  await putOn(node, '/a.png', png)
  const answer = await ask(resizer.port, `/1:a.png?w=${resizeSideMax}&h=${resizeSideMax}`)
  expect(imageSize(answer.body)).toEqual(imageSize(png))
})

test.each(['?w=1', '?w=9', '?w=10', '?w=999', '?w=1000', '?w=1999', '?w=2000', '?w=1&h=2000', '?h=1'])(
  'the sizes %s are allowed',
  async (query) => {
    const { node, resizer } = await startEdge()
    await putOn(node, '/a.png', png)
    expect((await ask(resizer.port, `/1:a.png${query}`)).status).toBe(200)
  },
)

test.each([
  '?w=0',
  '?w=2001',
  '?w=20000',
  '?w=010',
  '?h=0',
  '?h=9999',
  '?w=10&h=0',
  '?w=2001&h=10',
  '?w=99999999999999999999',
])('the sizes %s are refused with 400, and nothing is fetched for them', async (query) => {
  const { node, resizer } = await startEdge()
  await putOn(node, '/a.png', png)
  expect((await ask(resizer.port, `/1:a.png${query}`)).status).toBe(400)
  expect(node.store.gets.count).toBe(0)
})

test.each([
  '?w=',
  '?w=1.5',
  '?w=-1',
  '?w=10&h=',
  '?h=10&w=10',
  '?w=10&x=1',
  '?x=1&w=10',
  '?W=10',
  '?w=10&h=10&',
  '??',
  '?w=10?',
  '?width=10',
])('the query %s is part of the name', async (query) => {
  const { node, resizer } = await startEdge()
  await putOn(node, `/a.png${query}`, png)
  expect((await ask(resizer.port, `/1:a.png${query}`)).body.equals(png)).toBe(true)
  expect((await ask(resizer.port, '/1:a.png')).status).toBe(404)
})

test('odd names are resized too, also one that ends in a size itself', async () => {
  const { node, resizer } = await startEdge()
  for (const name of ['a//b/../c%2Fd:e?f?', 'x?w=5', encodeURIComponent('кот 😀?.jpg'), 'p'.repeat(1000)]) {
    await putOn(node, `/${name}`, jpeg)
    const plain = name.replace('?w=5', '%3Fw=5')
    expect(imageSize((await ask(resizer.port, `/1:${plain}?w=64`)).body).width).toBe(64)
    expect((await ask(resizer.port, `/1:${plain}`)).body.equals(jpeg)).toBe(true)
  }
  const twice = await ask(resizer.port, '/1:x?w=5?w=64')
  expect(imageSize(twice.body).width).toBe(64)
})

test('what is no picture is passed on as it is, and refused with 415 when it is to be resized', async () => {
  const { node, resizer } = await startEdge()
  await putOn(node, '/a.txt', Buffer.from('text'))
  expect((await ask(resizer.port, '/1:a.txt')).body.toString()).toBe('text')
  expect((await ask(resizer.port, '/1:a.txt?w=10')).status).toBe(415)
})

test('an original above 32 MiB is not taken into memory: 415', async () => {
  const { node, resizer } = await startEdge()
  await putOn(node, '/below', Buffer.concat([jpeg, Buffer.alloc(31 * 2 ** 20)]))
  await putOn(node, '/above', Buffer.concat([jpeg, Buffer.alloc(32 * 2 ** 20)]))
  expect((await ask(resizer.port, '/1:below?w=10')).status).toBe(200)
  expect((await ask(resizer.port, '/1:above?w=10')).status).toBe(415)
})

test('what the storage says when it has no photo is said, not 415', async () => {
  const { node, storage, resizer } = await startEdge()
  await putOn(node, '/deleted', jpeg)
  await deleteFrom(node, '/deleted')
  expect((await ask(resizer.port, '/1:none?w=10')).status).toBe(404)
  expect((await ask(resizer.port, '/9:none?w=10')).status).toBe(404)
  expect((await ask(resizer.port, '/1:deleted?w=10')).status).toBe(410)
  await node.stop()
  expect((await ask(resizer.port, '/1:none?w=10')).status).toBe(502)
  await storage.stop()
  expect((await ask(resizer.port, '/1:none?w=10')).status).toBe(502)
})

test('a resized photo has a weak ETag, and is not sent again to who has it', async () => {
  const { node, resizer } = await startEdge()
  await putOn(node, '/a.jpg', jpeg)
  const original = await ask(resizer.port, '/1:a.jpg')
  const { headers } = await ask(resizer.port, '/1:a.jpg?w=100')
  expect(headers['etag']).toBe(`W/${String(original.headers['etag'])}`)
  const again = await ask(resizer.port, '/1:a.jpg?w=100', {
    headers: { 'If-None-Match': String(headers['etag']) },
  })
  expect(again.status).toBe(304)
})

test('HEAD and ranges of a resized photo', async () => {
  const { node, resizer } = await startEdge()
  await putOn(node, '/a.jpg', jpeg)
  const { headers, body } = await ask(resizer.port, '/1:a.jpg?w=100')
  const head = await ask(resizer.port, '/1:a.jpg?w=100', { method: 'HEAD' })
  expect([head.status, head.headers['content-length']]).toEqual([200, headers['content-length']])
  const ranged = await ask(resizer.port, '/1:a.jpg?w=100', { headers: { Range: 'bytes=0-9' } })
  expect([ranged.status, ranged.body.length]).toEqual([200, body.length])
})

test('the place inside where photos are resized cannot be asked for', async () => {
  const { resizer } = await startEdge()
  expect((await ask(resizer.port, '/-/resized')).status).toBe(404)
})
