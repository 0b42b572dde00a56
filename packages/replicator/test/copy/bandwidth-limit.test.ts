import { expect, test } from 'vitest'
import { BandwidthLimit } from '../../src/copy/bandwidth-limit.js'
import { patternBytes } from '../helpers/pattern-bytes.js'
import { SmallCluster } from '../helpers/small-cluster.js'

/** A clock that only goes on when somebody sleeps. */
function virtualClock() {
  const clock = {
    ms: 1_000_000,
    nowMs: () => clock.ms,
    sleep: (ms: number) => {
      clock.ms += ms
      return Promise.resolve()
    },
  }
  return clock
}

test('so many bytes take as long as the limit says, in whatever pieces they come', async () => {
  for (const pieceBytes of [1_000, 64 * 1024, 1_000_000]) {
    const clock = virtualClock()
    const limit = new BandwidthLimit(1_000_000, clock)
    const startedAtMs = clock.ms
    for (let sentBytes = 0; sentBytes < 10_000_000; sentBytes += pieceBytes) await limit.take(pieceBytes)
    expect(clock.ms - startedAtMs).toBeGreaterThanOrEqual(9_850)
    expect(clock.ms - startedAtMs).toBeLessThanOrEqual(10_100)
  }
})

test('time in which nothing was sent is not saved up', async () => {
  const clock = virtualClock()
  const limit = new BandwidthLimit(1_000_000, clock)
  await limit.take(1_000)
  clock.ms += 3_600_000
  const startedAtMs = clock.ms
  await limit.take(2_000_000)
  expect(clock.ms - startedAtMs).toBeGreaterThanOrEqual(1_850)
})

test('several that take at once share the limit by turns', async () => {
  const limit = new BandwidthLimit(4_000_000)
  const order: string[] = []
  const take = async (who: string, pieces: number) => {
    for (let piece = 0; piece < pieces; piece++) {
      await limit.take(64 * 1024)
      order.push(who)
    }
  }
  await Promise.all([take('large', 20), take('small', 2)])
  expect(order.lastIndexOf('small')).toBeLessThan(8)
})

test('waiting ends when it is aborted', async () => {
  const limit = new BandwidthLimit(32 * 1024)
  const abort = new AbortController()
  const taken = limit.take(10_000_000, abort.signal)
  abort.abort()
  await expect(taken).rejects.toThrow(/abort/)
})

test.each([
  ['small', 15, 200_000],
  ['large', 2, 1_500_000],
])(
  'a replicator copies no more %s blobs than its limit allows in the time that passed',
  async (_, count, bytes) => {
    const cluster = await SmallCluster.start({ proxied: ['2'] })
    const bytesPerSecond = 2_000_000
    for (let at = 0; at < count; at++) await cluster.upload(`blob-${at}`, patternBytes(bytes, at))
    const startedAtMs = performance.now()
    await cluster.replicate({ concurrency: 4, bandwidthBytesPerSecond: bytesPerSecond })
    await cluster.drained()
    const seconds = (performance.now() - startedAtMs) / 1_000
    const sentBytes = cluster.proxy('2').toStoreBytes
    expect(sentBytes).toBeGreaterThan(count * bytes)
    expect(sentBytes).toBeLessThanOrEqual(bytesPerSecond * (seconds + 0.2))
  },
)
