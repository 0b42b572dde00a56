import { expect, test } from 'vitest'
import { LocalState } from '../../src/queue/local-state.js'
import { encodeTask } from '../../src/queue/task-codec.js'
import type { LogRecord } from '../../src/queue/task-log-format.js'
import { printedRandom, type SeededRandom } from './seeded-random.js'
import { copyTask } from './some-tasks.js'

const nodes = ['2', '3']

/** Something that may happen to a queue in this state. */
function happening(state: LocalState, random: SeededRandom): LogRecord | undefined {
  const node = nodes[random.between(0, 1)] as string
  const live = [...state.tasks.all()]
  const task = live[random.between(0, Math.max(0, live.length - 1))]
  const [parked] = state.parked.values()
  switch (random.between(0, 8)) {
    case 0:
    case 1:
    case 2: {
      const id = encodeTask(copyTask(random.between(0, 9), node))
      const isThere = state.tasks.find(id) !== undefined || state.parked.has(id)
      return isThere ? undefined : ['add', state.nextNumber(), random.between(1, 1_000), id]
    }
    case 3:
      return task && ['done', task.number]
    case 4:
      return task && ['failed', task.number, task.attempts + 1]
    case 5:
      return task && ['parked', task.number, random.between(1, 1_000), 'why']
    case 6:
      return parked && ['retried', parked.number, random.between(1, 1_000)]
    case 7:
      return state.needRepair(node, random.between(1, 1_000))
    default:
      return random.chance(0.5) ? state.beginRepair(node) : state.endRepair(node)
  }
}

function describe(state: LocalState): object {
  const ids = [...state.tasks.all()].map(({ id, attempts, queuedAtMs }) => `${id} ${attempts} ${queuedAtMs}`)
  return {
    tasks: ids.sort(),
    found: ids.filter((id) => state.tasks.find(id.slice(0, id.indexOf('}') + 1)) !== undefined).length,
    parked: [...state.parked.values()]
      .map(({ id, reason, parkedAtMs }) => `${id} ${reason} ${parkedAtMs}`)
      .sort(),
    needsRepair: [...state.needsRepair].sort(),
    repairing: [...state.repairing].sort(),
  }
}

test('a state is made again by a copy read while it changed, and records that begin before the copy', () => {
  const random = printedRandom('copies of a changing state')
  for (let round = 0; round < 2_000; round++) {
    const state = new LocalState()
    const applied: LogRecord[] = []
    const change = (times: number) => {
      for (let step = 0; step < times; step++) {
        const record = happening(state, random)
        if (record === undefined) continue
        state.apply(record)
        applied.push(record)
      }
    }
    change(random.between(0, 40))
    const from = Math.max(0, applied.length - random.between(0, 20))
    const copied: LogRecord[] = []
    for (const record of state.records()) {
      copied.push(record)
      change(random.between(0, 3))
    }
    const again = new LocalState()
    for (const record of [...copied, ...applied.slice(from)]) again.apply(record)
    expect(describe(again)).toEqual(describe(state))
  }
})
