import { expect, test } from 'vitest'
import { mergeFigures } from '../../src/queue/redis-figures.js'

/** As the script gives it; target rows: to, own, later, own due, later due, leased. */
function reply(
  targets: (string | number)[][],
  parts: { age?: number; parked?: number; old?: number; needs?: string[]; repairing?: string[] } = {},
): unknown {
  const { age = 0, parked = 0, old = 0, needs = [], repairing = [] } = parts
  return [age, parked, old, needs, repairing, targets.flat()]
}

test('with all servers up each task is counted where its turn is first', () => {
  const replies = [
    reply([['2', 40, 60, 30, 60, 5]], { age: 7 }),
    reply([['2', 60, 40, 60, 0, 0]], { age: 9 }),
  ]
  expect(mergeFigures(replies, 2)).toEqual({
    due: 90,
    delayed: 5,
    leased: 5,
    parked: 0,
    total: 100,
    oldestAgeMs: 9,
    needsRepair: {},
    serversUp: 2,
    servers: 2,
  })
})

test('tasks of a server that is away are counted where they are for later', () => {
  const replies = [reply([['2', 30, 70, 30, 20, 0]]), reply([['2', 30, 70, 30, 10, 5]])]
  expect(mergeFigures(replies, 3)).toMatchObject({
    due: 80,
    delayed: 15,
    leased: 5,
    total: 100,
    serversUp: 2,
  })
})

test('a server that was emptied takes nothing away', () => {
  expect(mergeFigures([reply([]), reply([['2', 5, 5, 5, 0, 0]])], 2)).toMatchObject({
    due: 5,
    delayed: 5,
    total: 10,
  })
})

test('targets, tasks of 2013, parked tasks and nodes in need of a repair are put together', () => {
  const replies = [
    reply([['2', 1, 0, 1, 0, 0]], { parked: 3, old: 10, needs: ['2', '500'] }),
    reply([['3', 2, 1, 0, 0, 2]], { parked: 4, old: 12, needs: ['4', '700'], repairing: ['2', '400'] }),
  ]
  expect(mergeFigures(replies, 2)).toMatchObject({
    due: 13,
    delayed: 1,
    leased: 2,
    total: 16,
    parked: 4,
    needsRepair: { '2': 400, '4': 700 },
  })
})
