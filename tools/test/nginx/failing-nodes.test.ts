// The edge before stores of which one is down, sick, or does not have the photo.
import { freePort } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import { snapshotOf } from './snapshots.js'
import { startTier } from './start-tier.js'
import { ask, deleteFrom, putOn, startNode } from './store-nodes.js'
import { startAnswering, startSilent } from './strange-server.js'

/** More than a failing server may fail before it is left alone, over all worker processes. */
const rounds = 20

test('a node is down: every request is answered by the next one', async () => {
  const [first, second] = [await startNode(), await startNode()]
  for (const node of [first, second]) await putOn(node, '/a', Buffer.from('here'))
  const edge = await startTier({}, snapshotOf({ 1: [first, second] }))
  await first.stop()
  for (let round = 0; round < rounds; round++) {
    const { status, body } = await ask(edge.port, '/1:a')
    expect([status, body.toString()]).toEqual([200, 'here'])
  }
})

test('a node goes down and comes back under load: no request fails', async () => {
  const [first, second] = [await startNode(), await startNode()]
  for (const node of [first, second]) await putOn(node, '/a', Buffer.from('here'))
  const edge = await startTier({}, snapshotOf({ 1: [first, second] }))
  const statuses = new Set<number>()
  let going = true
  const load = async () => {
    while (going) statuses.add((await ask(edge.port, '/1:a')).status)
  }
  const clients = [load(), load(), load(), load()]
  await first.stop()
  for (let round = 0; round < rounds; round++) statuses.add((await ask(edge.port, '/1:a')).status)
  going = false
  await Promise.all(clients)
  expect([...statuses]).toEqual([200])
})

test('all nodes are down: 502', async () => {
  const dead = { host: '127.0.0.1', port: await freePort() }
  const edge = await startTier({}, snapshotOf({ 1: [dead, dead] }))
  expect((await ask(edge.port, '/1:a')).status).toBe(502)
})

test('a photo that only one of three nodes has is found', async () => {
  const nodes = [await startNode(), await startNode(), await startNode()]
  const [, , third] = nodes
  if (third !== undefined) await putOn(third, '/a?b//c', Buffer.from('here'))
  const edge = await startTier({}, snapshotOf({ 1: nodes }))
  for (let round = 0; round < rounds; round++) {
    const { status, body } = await ask(edge.port, '/1:a?b//c')
    expect([status, body.toString()]).toEqual([200, 'here'])
  }
})

test('a photo that no node has: 404, and no node is left alone for it', async () => {
  const nodes = [await startNode(), await startNode()]
  const edge = await startTier({}, snapshotOf({ 1: nodes }))
  for (let round = 0; round < rounds; round++) {
    const { status, body } = await ask(edge.port, '/1:none')
    expect(status).toBe(404)
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'NOT_FOUND' })
  }
})

test('410 is final: the next node, which still has the photo, is not asked', async () => {
  const [first, second] = [await startNode(), await startNode()]
  for (const node of [first, second]) await putOn(node, '/a', Buffer.from('here'))
  await deleteFrom(first, '/a')
  const edge = await startTier({}, snapshotOf({ 1: [first, second] }))
  expect((await ask(edge.port, '/1:a')).status).toBe(410)
  expect(second.store.gets.count).toBe(0)
})

test.each([502, 504])('a node answers %i: the next one is asked', async (status) => {
  const sick = await startAnswering(status)
  const node = await startNode()
  await putOn(node, '/a', Buffer.from('here'))
  const edge = await startTier({}, snapshotOf({ 1: [sick, node] }))
  expect((await ask(edge.port, '/1:a')).status).toBe(200)
  expect(sick.asked).toEqual(['/a'])
})

test.each([500, 503])('a node answers %i: that is the answer', async (status) => {
  const sick = await startAnswering(status, { 'Retry-After': '7' })
  const node = await startNode()
  await putOn(node, '/a', Buffer.from('here'))
  const edge = await startTier({}, snapshotOf({ 1: [sick, node] }))
  const answer = await ask(edge.port, '/1:a')
  expect([answer.status, answer.headers['retry-after']]).toEqual([status, '7'])
  expect(node.store.gets.count).toBe(0)
})

test('a node takes the request and says nothing: the next one is asked', async () => {
  const silent = await startSilent()
  const node = await startNode()
  await putOn(node, '/a', Buffer.from('here'))
  const edge = await startTier({}, snapshotOf({ 1: [silent, node] }))
  expect((await ask(edge.port, '/1:a')).status).toBe(200)
  expect(silent.asked).toEqual(['GET /a HTTP/1.1'])
})
