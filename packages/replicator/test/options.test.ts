import { expect, test } from 'vitest'
import { resolveOptions } from '../src/options.js'

const cluster = { file: 'tree.json' }

test('options have defaults', () => {
  expect(resolveOptions({ cluster })).toMatchObject({
    concurrency: 16,
    leaseMs: 30_000,
    repairEveryMs: 6 * 3_600_000,
    host: '127.0.0.1',
  })
})

test('every problem is reported at once, unknown options too', () => {
  const given = { cluster: {}, concurrency: 0, leaseMs: 1, port: 70_000, speed: 1 }
  let thrown: unknown
  try {
    resolveOptions(given as never)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'INVALID_OPTIONS' })
  for (const name of ['cluster', 'concurrency', 'leaseMs', 'port', 'speed']) {
    expect((thrown as Error).message).toContain(name)
  }
})

test('a bandwidth so low that stores would call the uploads too slow is refused', () => {
  const options = { cluster, concurrency: 16, bandwidthBytesPerSecond: 100_000 }
  expect(() => resolveOptions(options)).toThrow(/32768 for each of the 16 tasks/)
  expect(resolveOptions({ ...options, concurrency: 2 }).bandwidthBytesPerSecond).toBe(100_000)
})
