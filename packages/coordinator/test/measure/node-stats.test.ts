import { describe, expect, test } from 'vitest'
import type { ChoiceExplanation, NodeExplanation } from '../../src/explain-choice.js'
import { falseNode } from '../helpers/false-node.js'
import { jsonOf, patternBytes, send } from '../helpers/http-request.js'
import { type SmallCluster, smallCluster } from '../helpers/small-cluster.js'
import { until } from '../helpers/until.js'

const often = { sizesEveryMs: 20 }
const seldom = { sizesEveryMs: 3_600_000 }

async function nodeOf({ port }: SmallCluster, id: string): Promise<NodeExplanation | undefined> {
  const { shards } = jsonOf<ChoiceExplanation & Record<string, unknown>>(
    await send(port, 'GET', '/-/explain'),
  )
  return shards.flatMap(({ nodes }) => nodes ?? []).find(({ node }) => node === id)
}

function untilKnown(cluster: SmallCluster, id: string): Promise<void> {
  return until(async () => (await nodeOf(cluster, id))?.usedBytes !== null, `node ${id} has answered`)
}

test('a node’s figures are its own: what it holds, what its disk takes, its blobs without deleted ones', async () => {
  const cluster = await smallCluster({ nodesPerShard: [1], limits: often })
  const { store } = cluster.node('11')
  for (const name of ['a', 'b', 'c']) await store.put(name, patternBytes(1_000))
  await store.delete('b')
  const { availableBytes } = await store.stats()
  // An answer from the middle of the puts can have two blobs, too. The store writes its index log a little later.
  await until(
    async () => (await nodeOf(cluster, '11'))?.usedBytes === (await store.stats()).usedBytes,
    'the last answer is in',
  )
  const known = await nodeOf(cluster, '11')
  expect(known?.blobs).toBe(2)
  expect(known?.availableBytes).toBeGreaterThan(0)
  expect(known?.availableBytes).toBeLessThan(2 * availableBytes)
})

test('uploads are counted at once, without waiting for the node to be asked again', async () => {
  const cluster = await smallCluster({ nodesPerShard: [1], limits: seldom })
  await untilKnown(cluster, '11')
  const before = (await nodeOf(cluster, '11'))!
  for (const name of ['a', 'b']) await cluster.coordinator.put(name, patternBytes(50_000))
  const after = (await nodeOf(cluster, '11'))!
  expect(after.blobs).toBe(before.blobs! + 2)
  const grownBytes = (await cluster.node('11').store.stats()).usedBytes - before.usedBytes!
  expect(after.usedBytes! - before.usedBytes!).toBeGreaterThanOrEqual(grownBytes)
  expect(after.usedBytes! - before.usedBytes!).toBeLessThan(grownBytes + 1_000)
  expect(before.availableBytes! - after.availableBytes!).toBe(after.usedBytes! - before.usedBytes!)
})

test('copies made before the answer are counted and measured as first copies are', async () => {
  const cluster = await smallCluster({ nodesPerShard: [2], limits: seldom })
  for (const id of ['11', '12']) await untilKnown(cluster, id)
  await cluster.coordinator.put('a', patternBytes(1_000), { copies: 2 })
  for (const id of ['11', '12']) {
    const { blobs, usPerByte, confidence } = (await nodeOf(cluster, id))!
    expect({ blobs, confidence }).toEqual({ blobs: 1, confidence: 1 })
    expect(usPerByte).toBeGreaterThan(0)
  }
})

test('of a node that stops answering nothing is known after some rounds', async () => {
  const cluster = await smallCluster({ nodesPerShard: [2], limits: often })
  await untilKnown(cluster, '12')
  await cluster.node('12').stop()
  await until(async () => (await nodeOf(cluster, '12'))?.usedBytes === null, 'it is unknown')
  expect(await nodeOf(cluster, '12')).toMatchObject({ up: false, blobs: null, availableBytes: null })
})

describe('an answer', () => {
  test.each<[string, string, Partial<NodeExplanation>]>([
    [
      'of a store with a Redis key map has no count of blobs',
      '{"usedBytes":7,"availableBytes":9,"keyMap":{"names":-1,"tombstones":-1}}',
      { usedBytes: 7, availableBytes: 9, blobs: null },
    ],
    [
      'of an older store has what it has',
      '{"usedBytes":7,"keyMap":{"names":5}}',
      { usedBytes: 7, availableBytes: null, blobs: 5 },
    ],
    [
      'of a disk that was never looked at is no limit',
      '{"usedBytes":7,"availableBytes":null}',
      { usedBytes: 7, availableBytes: null },
    ],
  ])('%s', async (_, json, expected) => {
    const url = await falseNode((_request, response) => response.end(), { stats: json })
    const cluster = await smallCluster({ nodesPerShard: [1], otherNodes: { 11: url }, limits: often })
    await untilKnown(cluster, '11')
    expect(await nodeOf(cluster, '11')).toMatchObject(expected)
  })

  test('that is none of a store is as if there were none', async () => {
    const url = await falseNode((_request, response) => response.end(), { stats: '{"usedBytes":-1}' })
    const cluster = await smallCluster({ nodesPerShard: [1, 1], otherNodes: { 11: url }, limits: often })
    await untilKnown(cluster, '21')
    expect(await nodeOf(cluster, '11')).toMatchObject({ usedBytes: null })
  })
})
