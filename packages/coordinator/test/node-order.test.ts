import type { ServerNode } from '@backpack/cluster-model'
import { expect, test } from 'vitest'
import { orderNodes } from '../src/node-order.js'

const nodes = ['1', '4', '7'].map((id): ServerNode => ({ id, host: 'h', port: 1, url: 'http://h:1' }))
const allUp = () => true
const names = Array.from({ length: 30_000 }, (_, at) => `photos/${at}.jpg`)

function idsFor(name: string, isUp: (node: ServerNode) => boolean = allUp): string[] {
  return orderNodes(nodes, name, isUp).map(({ id }) => id)
}

test('a name has the same order in every process, whatever the order in the model', () => {
  // Fixed for ever: coordinators of two versions must agree.
  expect([...'abcdef'].map((name) => idsFor(name).join(''))).toEqual([
    '741',
    '471',
    '147',
    '174',
    '417',
    '714',
  ])
  for (const name of names.slice(0, 100)) {
    expect(orderNodes([...nodes].reverse(), name, allUp).map(({ id }) => id)).toEqual(idsFor(name))
  }
})

test('over many names every order comes equally often', () => {
  const counts = new Map<string, number>()
  for (const name of names) {
    const order = idsFor(name).join('')
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  expect(counts.size).toBe(6)
  for (const [order, count] of counts) expect(Math.abs(count - 5_000), `order ${order}`).toBeLessThan(400)
})

test('nodes that are down come last, the others keep their order', () => {
  for (const name of names.slice(0, 100)) {
    const [first, ...rest] = idsFor(name)
    expect(idsFor(name, ({ id }) => id !== first)).toEqual([...rest, first])
    expect(idsFor(name, () => false)).toEqual(idsFor(name))
  }
})

test('a node that joins takes names over, and no others change places', () => {
  const joined = [...nodes, { id: '9', host: 'h', port: 1, url: 'http://h:1' }]
  for (const name of names.slice(0, 1_000)) {
    const without = orderNodes(joined, name, allUp).filter(({ id }) => id !== '9')
    expect(without.map(({ id }) => id)).toEqual(idsFor(name))
  }
})
