// What `why` says of limits that nobody can hold.
import { expect, test } from 'vitest'
import type { CoordinatorAnswer, ShardExplanation } from '../../src/backpack-cluster/why/ask-coordinators.js'
import { renderShard } from '../../src/backpack-cluster/why/render-why.js'

function answerWith(blobsOfNodes: Readonly<Record<string, number | null>>): CoordinatorAnswer {
  const nodes = Object.entries(blobsOfNodes).map(([node, blobs]) => {
    return { node, up: true, usPerByte: null, confidence: 0, usedBytes: 1, availableBytes: null, blobs }
  })
  const shard: ShardExplanation = { shard: '1', probability: 1, nodes }
  const freeSpaceLimits = { soft: 0.2, hard: 0.15 }
  return {
    coordinator: 'http://one:12001',
    explanation: { sizeBytes: 1, among: 'whole', freeSpaceLimits, usualUsPerByte: 1, shards: [shard] },
  }
}

const warning = 'Warning: max-key-num, 1000, cannot be held on'

test('a max-key-num is warned of where nodes do not say how many blobs they have', () => {
  const lines = renderShard({ id: '1', blobsMax: 1_000 }, [answerWith({ 11: 5, 12: null, 13: null })])
  expect(lines.at(-1)).toContain(`${warning} 12, 13: `)
})

test.each([
  ['all say it', { id: '1', blobsMax: 1_000 }, { 11: 5, 12: 0 }],
  ['there is no limit', { id: '1', blobsMax: undefined }, { 11: null }],
])('and not where %s', (_, shard, blobs) => {
  expect(renderShard(shard, [answerWith(blobs)]).join('\n')).not.toContain('Warning')
})
