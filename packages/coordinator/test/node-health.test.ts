import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { NodeHealth } from '../src/node-health.js'

const startMs = Date.UTC(2030, 0, 1)

describe('NodeHealth', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: startMs, toFake: ['Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('a node that nothing is known of is not down', () => {
    expect(new NodeHealth().downSinceMs('1')).toBeUndefined()
  })

  test('it is down since the first failure, and no other node is', () => {
    const health = new NodeHealth()
    health.noteFailure('1')
    vi.advanceTimersByTime(10_000)
    health.noteFailure('1')
    expect(health.downSinceMs('1')).toBe(startMs)
    expect(health.downSinceMs('2')).toBeUndefined()
  })

  test('a success ends that, and the next failure is a new beginning', () => {
    const health = new NodeHealth()
    health.noteFailure('1')
    health.noteSuccess('1')
    expect(health.downSinceMs('1')).toBeUndefined()
    vi.advanceTimersByTime(10_000)
    health.noteFailure('1')
    expect(health.downSinceMs('1')).toBe(startMs + 10_000)
  })
})
