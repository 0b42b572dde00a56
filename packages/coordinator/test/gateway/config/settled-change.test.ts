import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SettledChange } from '../../../src/gateway/config/settled-change.js'

let settled = 0
let change: SettledChange

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  settled = 0
  change = new SettledChange(() => settled++, { quietMs: 500, mostMs: 5_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

test('is told once, when nothing more has come for a while', () => {
  for (let step = 0; step < 5; step++) {
    change.note()
    vi.advanceTimersByTime(499)
  }
  expect(settled).toBe(0)
  vi.advanceTimersByTime(1)
  expect(settled).toBe(1)
  vi.advanceTimersByTime(10_000)
  expect(settled).toBe(1)
  change.note()
  vi.advanceTimersByTime(500)
  expect(settled).toBe(2)
})

test('of what never comes to rest is told all the same, and again', () => {
  for (let passedMs = 0; passedMs < 10_100; passedMs += 100) {
    change.note()
    vi.advanceTimersByTime(100)
  }
  expect(settled).toBe(2)
})

test('is told no more after the end', () => {
  change.note()
  change.close()
  vi.advanceTimersByTime(10_000)
  expect(settled).toBe(0)
})
