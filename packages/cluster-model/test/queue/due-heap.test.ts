import { expect, test } from 'vitest'
import { DueHeap } from '../../src/queue/due-heap.js'
import { printedRandom } from './seeded-random.js'

test('the first of a heap is always the one that is due first, whatever was added and removed', () => {
  const random = printedRandom('heap')
  const heap = new DueHeap<{ dueMs: number; heapAt: number }>()
  const inside = new Set<{ dueMs: number; heapAt: number }>()
  for (let step = 0; step < 5_000; step++) {
    if (inside.size === 0 || random.chance(0.55)) {
      const item = { dueMs: random.between(0, 1_000), heapAt: -1 }
      heap.add(item)
      inside.add(item)
    } else {
      const item = [...inside][random.between(0, inside.size - 1)]
      if (item === undefined) continue
      heap.remove(item)
      inside.delete(item)
      expect(item.heapAt).toBe(-1)
    }
    expect(heap.size).toBe(inside.size)
    expect(heap.first?.dueMs).toBe(
      inside.size === 0 ? undefined : Math.min(...[...inside].map(({ dueMs }) => dueMs)),
    )
  }
})

test('what is in no heap can be removed, and nothing happens', () => {
  const heap = new DueHeap<{ dueMs: number; heapAt: number }>()
  heap.add({ dueMs: 1, heapAt: -1 })
  heap.remove({ dueMs: 1, heapAt: -1 })
  expect(heap.size).toBe(1)
})
