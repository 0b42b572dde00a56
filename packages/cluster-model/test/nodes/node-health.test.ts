import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { NodeHealth } from '../../src/nodes/node-health.js'

const startMs = Date.UTC(2030, 0, 1)
const nodes = ['1', '2', '3'].map((id) => ({ id }))
const ids = (ordered: readonly { id: string }[]) => ordered.map(({ id }) => id).join('')

describe('NodeHealth', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: startMs, toFake: ['Date', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('a node that nothing is known of is up, and the order is the one given', () => {
    const health = new NodeHealth()
    expect(health.isUp('1')).toBe(true)
    expect(health.downSinceMs('1')).toBeUndefined()
    expect(ids(health.order(nodes))).toBe('123')
  })

  test('a node that failed comes last until its second is over', () => {
    const health = new NodeHealth()
    health.noteFailure('1')
    expect(ids(health.order(nodes))).toBe('231')
    vi.advanceTimersByTime(999)
    expect(health.isUp('1')).toBe(false)
    expect(ids(health.order(nodes))).toBe('231')
    vi.advanceTimersByTime(1)
    expect(health.isUp('1')).toBe(true)
  })

  test('several that failed keep their order among themselves', () => {
    const health = new NodeHealth()
    health.noteFailure('2')
    health.noteFailure('1')
    expect(ids(health.order(nodes))).toBe('312')
  })

  test('one request may try it, the others still avoid it', () => {
    const health = new NodeHealth()
    health.noteFailure('1')
    vi.advanceTimersByTime(1_000)
    expect(ids(health.order(nodes))).toBe('123')
    expect(ids(health.order(nodes))).toBe('231')
    expect(health.isUp('1')).toBe(false)
  })

  test('a success makes it like any other', () => {
    const health = new NodeHealth()
    health.noteFailure('1')
    health.noteSuccess('1')
    expect(health.isUp('1')).toBe(true)
    expect(health.downSinceMs('1')).toBeUndefined()
    expect(ids(health.order(nodes))).toBe('123')
  })

  test('each trial that fails doubles the time, up to five seconds', () => {
    const health = new NodeHealth()
    health.noteFailure('1')
    for (const avoidMs of [1_000, 2_000, 4_000, 5_000, 5_000]) {
      vi.advanceTimersByTime(avoidMs - 1)
      expect(health.isUp('1')).toBe(false)
      vi.advanceTimersByTime(1)
      expect(health.isUp('1')).toBe(true)
      health.order(nodes)
      health.noteFailure('1')
    }
  })

  test('requests that were under way and fail together count as one failure', () => {
    const health = new NodeHealth()
    for (let request = 0; request < 64; request++) health.noteFailure('1')
    vi.advanceTimersByTime(1_000)
    expect(health.isUp('1')).toBe(true)
  })

  test('it is down since the first failure', () => {
    const health = new NodeHealth()
    health.noteFailure('1')
    vi.advanceTimersByTime(10_000)
    health.noteFailure('1')
    expect(health.downSinceMs('1')).toBe(startMs)
  })
})
