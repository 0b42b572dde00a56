// A replicator before stores that ask for the cluster secret.
import { until } from '@backpack/test-cluster'
import { describe, expect, test } from 'vitest'
import { patternBytes } from './helpers/pattern-bytes.js'
import { hashOf, SmallCluster } from './helpers/small-cluster.js'

const clusterSecret = 'the secret of this cluster'
const daemon = { clusterSecret, refuseUnsignedReads: true }

/** As a coordinator gives it: without one stores refuse what is signed. */
function versionOfNow(): string {
  return (BigInt(Date.now()) << 16n).toString(16).padStart(16, '0')
}

describe.each([4, 3_000_000])('with the secret a blob of %i bytes', (sizeBytes) => {
  test('is copied with its type, and then deleted', async () => {
    const cluster = await SmallCluster.start({ daemon, clusterSecret })
    await cluster.replicate({ clusterSecret })
    const bytes = patternBytes(sizeBytes, 1)
    const version = versionOfNow()
    await cluster.put('1', 'pets/cat ü?x', bytes, { contentType: 'image/gif', version })
    await cluster.queue.push([cluster.copyTask('pets/cat ü?x', { version })])
    await cluster.drained()
    expect(await cluster.read('2', 'pets/cat ü?x')).toMatchObject({
      hash: hashOf(bytes),
      contentType: 'image/gif',
      version,
    })
    const tombstone = (BigInt(`0x${version}`) + 65_536n).toString(16).padStart(16, '0')
    const task = cluster.copyTask('pets/cat ü?x', { version: tombstone })
    await cluster.queue.push([{ ...task, op: 'delete' }])
    await cluster.drained()
    expect(await cluster.read('2', 'pets/cat ü?x')).toBe('deleted')
  })
})

test('with the secret a node is repaired by its digests', async () => {
  const cluster = await SmallCluster.start({ daemon, clusterSecret })
  await cluster.put('1', 'missed', patternBytes(1_000, 1), { version: '0196f0a1b2c30001' })
  const replicator = await cluster.replicate({
    clusterSecret,
    repairEveryMs: 50,
    repairLimits: { settleMs: 100, lookEveryMs: 20 },
  })
  await until(async () => (await replicator.stats()).repaired > 0, 'the node has what it missed')
  expect(await cluster.read('2', 'missed')).toMatchObject({ version: '0196f0a1b2c30001' })
})

test.each([
  ['no secret', {}],
  ['another secret', { clusterSecret: 'the secret of another' }],
])('with %s nothing is written, and the task waits for better times', async (_, options) => {
  const cluster = await SmallCluster.start({ daemon: { clusterSecret }, clusterSecret })
  const wrong = await cluster.replicate({
    ...options,
    limits: { pauseMsMin: 20, pauseMsMax: 40, attemptsMax: 1 },
  })
  await cluster.upload('a', patternBytes(1_000, 1), { version: versionOfNow() })
  await until(async () => (await wrong.stats()).awayNodes.includes('2'), 'the target is left alone')
  expect(await cluster.read('2', 'a')).toBeUndefined()
  expect((await cluster.queue.figures()).total).toBe(1)
  await wrong.close()
  await cluster.replicate({ clusterSecret })
  await cluster.drained()
  expect(await cluster.read('2', 'a')).toMatchObject({ hash: hashOf(patternBytes(1_000, 1)) })
  expect((await cluster.queue.figures()).parked).toBe(0)
})

test('a secret that is too short is refused, and not shown', async () => {
  const cluster = await SmallCluster.start()
  const refused = cluster.replicate({ clusterSecret: 'tooshort' })
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  await expect(refused).rejects.not.toThrow('tooshort')
})
