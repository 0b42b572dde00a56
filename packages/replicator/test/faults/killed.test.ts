// A replicator that is killed at any point leaves nothing undone that another one does not do.
import { expect, test } from 'vitest'
import { useBuiltCli } from '../cli/built-cli.js'
import { faultCount } from '../helpers/fault-count.js'
import { patternBytes } from '../helpers/pattern-bytes.js'
import { RealCluster, useServers } from '../helpers/real-cluster.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { untilDrained } from '../helpers/small-cluster.js'

useBuiltCli()
useServers({ redis: 2 })

test('SIGKILL in the middle of copies: all tasks end after a restart, and nothing is stored twice', async () => {
  const random = printedRandom('killed replicator')
  const rounds = faultCount('kills', { short: 2, full: 30 })
  const cluster = await RealCluster.start(['1', '2', '3'])
  const [, second] = cluster.stores
  const names: string[] = []
  let totalBytes = 0
  for (let round = 0; round < rounds; round++) {
    const daemon = await cluster.startDaemon('8')
    const killAfter = random.between(1, 90)
    for (let at = 0; at < 100; at++) {
      const data = patternBytes(random.between(1, 30_000), at)
      totalBytes += data.length
      names.push(`blob-${round}-${at}`)
      await cluster.upload(`blob-${round}-${at}`, data)
      if (at === killAfter) daemon.kill('SIGKILL')
    }
    await daemon.ended()
  }
  await cluster.startDaemon()
  // Leases of those that were killed end first; a queue server's later turn may come after them.
  await untilDrained(cluster.queue, 150_000)
  expect(await cluster.queue.figures()).toMatchObject({ parked: 0, total: 0 })
  for (const name of names) {
    const [first, ...copies] = await cluster.etags(name)
    expect(first).toBeDefined()
    expect(copies, name).toEqual([first, first])
  }
  const stats = await second?.store.stats()
  const usedBytes = stats?.volumes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) ?? 0
  // A needle needs less than 128 bytes beside its data.
  expect(usedBytes).toBeLessThan(totalBytes + names.length * 128 + 64 * 1024)
}, 600_000)
