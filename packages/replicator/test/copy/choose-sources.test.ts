import type { ServerNode } from '@backpack/cluster-model'
import { expect, test } from 'vitest'
import { chooseSources } from '../../src/copy/choose-sources.js'

const nodes = ['1', '2', '3', '4', '5'].map(
  (id): ServerNode => ({ id, host: 'h', port: 1, url: `http://h:${id}` }),
)
const servers = new Map(nodes.map((node) => [node.id, node]))
const shard = {
  id: '1',
  nodes: nodes.slice(0, 4),
  readOnly: false,
  capacityBytes: 1,
  currentBytes: 0,
  access: 'open' as const,
  usedBytesMax: undefined,
  bucketFlags: 0,
  blobsMax: undefined,
}

function choose(from: string[], { to = '4', away = [] as string[], inShard = true } = {}): string[] {
  const task = { op: 'copy' as const, shard: '1', path: '/a', version: undefined, from, to }
  const place = { shard: inShard ? shard : undefined }
  return chooseSources(task, place, servers, (id) => away.includes(id)).map(({ id }) => id)
}

test('sources are those of the task first, then the rest of its shard, never the target', () => {
  expect(choose(['3', '1'])).toEqual(['3', '1', '2'])
  expect(choose([])).toEqual(['1', '2', '3'])
  expect(choose(['4', '2'])).toEqual(['2', '1', '3'])
})

test('sources that are away are asked last', () => {
  expect(choose(['3', '1'], { away: ['3', '2'] })).toEqual(['1', '3', '2'])
})

test('a source that the model does not have is left out, one of another shard is not', () => {
  expect(choose(['9', '5'])).toEqual(['5', '1', '2', '3'])
  expect(choose(['5'], { inShard: false })).toEqual(['5'])
})
