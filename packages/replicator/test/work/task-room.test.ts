import { expect, test } from 'vitest'
import { roomFor } from '../../src/work/task-room.js'

const room = (concurrency: number, underWay: string[], away: string[] = []) =>
  roomFor({ concurrency, underWay, away })

test('an idle replicator claims half of its slots, for they may all be for one target', () => {
  expect(room(16, [])).toEqual({ limit: 8, exceptTo: [] })
  expect(room(5, [])).toEqual({ limit: 3, exceptTo: [] })
  expect(room(1, [])).toEqual({ limit: 1, exceptTo: [] })
})

test('a target with half of the slots is left out, and the others get the rest', () => {
  const underWay = Array.from({ length: 8 }, () => 'slow')
  expect(room(16, underWay)).toEqual({ limit: 8, exceptTo: ['slow'] })
  expect(room(16, [...underWay, 'other', 'other'])).toEqual({ limit: 6, exceptTo: ['slow'] })
})

test('targets that are away are left out', () => {
  expect(room(16, ['2', '2'], ['2', '3'])).toEqual({ limit: 8, exceptTo: ['2', '3'] })
})

test('nothing is claimed without a free slot', () => {
  expect(room(2, ['a', 'b']).limit).toBe(0)
  expect(room(1, ['a']).limit).toBe(0)
})

test('however claims fall out, no target gets more than half of the slots', () => {
  for (const concurrency of [1, 2, 3, 4, 7, 16]) {
    let underWay: string[] = []
    for (let round = 0; round < 50; round++) {
      const { limit, exceptTo } = room(concurrency, underWay)
      const to = ['a', 'b', 'c'].find((each) => !exceptTo.includes(each))
      if (to !== undefined) underWay = [...underWay, ...Array.from({ length: limit }, () => to)]
      expect(underWay.length).toBeLessThanOrEqual(concurrency)
      for (const each of ['a', 'b', 'c']) {
        const count = underWay.filter((one) => one === each).length
        expect(count).toBeLessThanOrEqual(Math.ceil(concurrency / 2))
      }
      if (limit === 0 || to === undefined) underWay = underWay.slice(1)
    }
  }
})
