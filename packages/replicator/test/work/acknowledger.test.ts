import { expect, test } from 'vitest'
import { Acknowledger } from '../../src/work/acknowledger.js'

test('what ends while a batch is on its way makes the next one, and each hears of its own', async () => {
  const batches: (readonly string[])[] = []
  const answers: ((error?: Error) => void)[] = []
  const acknowledger = new Acknowledger({
    complete: (ids) => {
      batches.push(ids)
      return new Promise((resolve, reject) => {
        answers.push((error) => (error === undefined ? resolve() : reject(error)))
      })
    },
  })
  const first = acknowledger.complete('a')
  await new Promise(setImmediate)
  const second = [acknowledger.complete('b'), acknowledger.complete('c')]
  await new Promise(setImmediate)
  expect(batches).toEqual([['a']])
  answers[0]?.(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await new Promise(setImmediate)
  expect(batches).toEqual([['a'], ['b', 'c']])
  answers[1]?.()
  await Promise.all(second)
})
