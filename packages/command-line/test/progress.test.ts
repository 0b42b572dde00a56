import { Progress } from '../src/progress.js'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

let written = ''
const terminal = process.stderr.isTTY

beforeEach(() => {
  written = ''
  vi.useFakeTimers()
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text)
    return true
  })
  process.stderr.isTTY = false
})

afterEach(() => {
  process.stderr.isTTY = terminal
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** Does a hundredth of the work every 100 ms, for so many of them. */
function work(progress: Progress, steps: number): void {
  for (let step = 0; step < steps; step++) {
    vi.advanceTimersByTime(100)
    progress.advance(1024)
  }
}

test('work that is done within two seconds shows nothing', () => {
  const progress = new Progress({ label: 'rebuilding', unit: 'bytes', total: 102_400, enabled: true })
  work(progress, 19)
  progress.stop()
  vi.advanceTimersByTime(10_000)
  expect(written).toBe('')
})

test('longer work shows a line with an estimate every five seconds where there is no terminal', () => {
  const progress = new Progress({ label: 'rebuilding', unit: 'bytes', total: 102_400, enabled: true })
  work(progress, 71)
  const lines = written.trim().split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[1]).toMatch(/^rebuilding \[=+-+\] \d\d %, \d\d KB of 100 KB, \ds left$/)
  progress.stop()
  vi.advanceTimersByTime(60_000)
  expect(written.trim().split('\n').at(-1)).toMatch(/71 %, 71 KB of 100 KB/)
})

test('on a terminal the bar is redrawn in its line, and the cursor comes back', () => {
  process.stderr.isTTY = true
  const progress = new Progress({ label: 'uploading', total: 100_000, enabled: true })
  work(progress, 30)
  expect(written.split('uploading').length).toBeGreaterThan(3)
  expect(written).not.toContain('\n')
  expect(written).toContain('\u001b[?25l')
  progress.stop()
  progress.stop()
  expect(written.split('\u001b[?25h')).toHaveLength(2)
})

test('without a total the count is shown without an estimate', () => {
  const progress = new Progress({ label: 'opening', enabled: true })
  work(progress, 25)
  progress.stop()
  expect(written.split('\n')[0]).toMatch(/^opening [\d,]+$/)
})

test('with --json and --quiet nothing is shown', () => {
  const progress = new Progress({ label: 'uploading', total: 10, enabled: false })
  work(progress, 200)
  progress.stop()
  expect(written).toBe('')
})
