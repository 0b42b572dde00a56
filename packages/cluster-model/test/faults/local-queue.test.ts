// SIGKILL at any moment: every task that was acknowledged is there, none that was completed comes again.
import { TemporaryDirectory, until } from '@backpack/test-cluster'
import { expect, onTestFinished, test } from 'vitest'
import { LocalQueue } from '../../src/queue/local-queue.js'
import { QueueProcess } from '../queue/queue-process.js'
import { printedRandom } from '../queue/seeded-random.js'

const full = process.env['BACKPACK_FAULTS_FULL'] === '1'
const kills = full ? 100 : 6
/** More than a child can have queued without having said so. */
const numbersPerKill = 1_000
const tasksKept = 2_000
const linesPerLife = { least: 1, most: 6_000 }

test('a local queue has after each SIGKILL what it acknowledged', async () => {
  const random = printedRandom(`${kills} SIGKILLs of a local queue`)
  const home = new TemporaryDirectory()
  onTestFinished(() => home.remove())
  const queued = new Set<number>()
  let from = 0
  for (let kill = 0; kill < kills; kill++) {
    const child = await QueueProcess.start(home.path)
    onTestFinished(() => child.kill())
    const lines = random.between(linesPerLife.least, linesPerLife.most)
    child.tell({ what: 'work', from, seed: random.between(0, 2 ** 30) })
    await until(() => child.lines.length >= lines, `${lines} lines are printed`)
    await child.kill()
    const done = new Set<number>()
    const touched = new Set<number>()
    for (const line of child.lines) {
      const [what, digits] = line.split(' ')
      const number = Number(digits)
      if (what === 'queued') queued.add(number)
      else touched.add(number)
      if (what === 'done') done.add(number)
      from = Math.max(from, number + numbersPerKill)
    }
    // From the moment it is worked on until it is done it may be there or not; that may be before its push resolves.
    for (const number of touched) queued.delete(number)

    const queue = await LocalQueue.open({ directory: home.path })
    const claims = await queue.claim({ limit: 1_000_000, leaseMs: 1_000 })
    const found = new Set(claims.map(({ task }) => Number(task.path.slice(1))))
    expect(found.size).toBe(claims.length)
    expect([...queued].filter((number) => !found.has(number))).toEqual([])
    expect([...done].filter((number) => found.has(number))).toEqual([])
    await queue.complete(claims.slice(tasksKept).map(({ id }) => id))
    await queue.close()
    // What was on its way when it was killed is known now.
    queued.clear()
    for (const { task } of claims.slice(0, tasksKept)) queued.add(Number(task.path.slice(1)))
  }
})
