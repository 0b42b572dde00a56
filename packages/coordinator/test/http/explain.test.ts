// What is said when nothing fits, and how a choice is explained.
import { describe, expect, test } from 'vitest'
import type { ChoiceExplanation } from '../../src/explain-choice.js'
import { nothingFits } from '../../src/nothing-fits.js'
import type { ExclusionCode } from '../../src/shard-exclusion.js'
import { falseNode } from '../helpers/false-node.js'
import { jsonOf, patternBytes, send } from '../helpers/http-request.js'
import { shardOf } from '../helpers/measured.js'
import { smallCluster } from '../helpers/small-cluster.js'
import { until } from '../helpers/until.js'

const explainHeader = { 'X-Backpack-Explain': '1' }
type Explained = Record<string, unknown> & { readonly explain: ChoiceExplanation }

describe('X-Backpack-Explain: 1', () => {
  test('shows the score of every shard, what each term is, and the pick', async () => {
    const { port } = await smallCluster({ nodesPerShard: [1, 2] })
    const answer = await send(port, 'PUT', '/a', { body: patternBytes(1_000), headers: explainHeader })
    expect(answer.status).toBe(200)
    const { shard_id, explain } = jsonOf<Explained>(answer)
    expect(explain).toMatchObject({
      sizeBytes: 1_000,
      pick: shard_id,
      among: 'whole',
      freeSpaceLimits: { soft: 0, hard: 0 },
      shards: [
        { shard: '1', softlyFull: false, nodes: [{ node: '11', up: true }] },
        { shard: '2', softlyFull: false, nodes: [{ node: '21' }, { node: '22' }] },
      ],
    })
    const [one, two] = explain.shards
    expect(one!.probability + two!.probability).toBeCloseTo(1)
    for (const { pain, weight, factors } of explain.shards) {
      expect(weight).toBeCloseTo(1 / pain!)
      const { spacePain, writePain, awayPain, unknownPain, imbalancePain } = factors!
      expect(spacePain + writePain + awayPain + unknownPain + imbalancePain).toBeCloseTo(pain!)
    }
  })

  test('is not needed: without it the answer is that of 2013', async () => {
    const { port } = await smallCluster({ nodesPerShard: [1] })
    const answer = await send(port, 'PUT', '/a', { body: 'meow' })
    expect(answer.body.toString()).toBe('{"shard_id":"1"}')
    const other = await send(port, 'PUT', '/a', { body: 'meow', headers: { 'X-Backpack-Explain': '0' } })
    expect(other.body.toString()).toBe('{"shard_id":"1"}')
  })

  test('explains a refusal, too, and a shard that was asked for', async () => {
    const { port } = await smallCluster({ nodesPerShard: [1], capacityBytes: 1_000 })
    const body = patternBytes(1_001)
    const refused = await send(port, 'PUT', '/a', { body, headers: explainHeader })
    expect(refused.status).toBe(500)
    const reason = expect.stringContaining('more than its capacity, 1000') as string
    expect(jsonOf<Explained>(refused)).toMatchObject({
      code: 'NO_WRITABLE_SHARD',
      reasons: { 1: reason },
      explain: { pick: null, among: 'none', shards: [{ shard: '1', excluded: 'no-room', reason }] },
    })
    const headers = { ...explainHeader, 'X-Backpack-Shard': '1' }
    const wanted = await send(port, 'PUT', '/a', { body, headers })
    expect(wanted.status).toBe(507)
    expect(jsonOf<Explained>(wanted)).toMatchObject({ code: 'SHARD_FULL', explain: { among: 'wanted' } })
  })

  test('shows which shard failed the upload before', async () => {
    const url = await falseNode((_request, response) => response.writeHead(500).end('{}'))
    const cluster = await smallCluster({
      nodesPerShard: [1, 1],
      otherNodes: { 11: url },
      options: { random: () => 0 },
    })
    const answer = await send(cluster.port, 'PUT', '/a', { body: 'x', headers: explainHeader })
    expect(jsonOf<Explained>(answer)).toMatchObject({
      shard_id: '2',
      explain: { pick: '2', shards: [{ shard: '1', excluded: 'failed-before' }, { probability: 1 }] },
    })
  })
})

describe('GET /-/explain', () => {
  test('shows where an upload would go, without one', async () => {
    const { port, coordinator } = await smallCluster({ nodesPerShard: [1, 1], capacityBytes: 10_000 })
    const shown = jsonOf<Explained>(await send(port, 'GET', '/-/explain?size=9000'))
    expect(shown).toMatchObject({ sizeBytes: 9_000, pick: null, among: 'whole' })
    const none = jsonOf<Explained>(await send(port, 'GET', '/-/explain?size=10001'))
    expect(none).toMatchObject({ among: 'none', shards: [{ excluded: 'no-room' }, { excluded: 'no-room' }] })
    expect(await coordinator.head('1', 'a')).toBeUndefined()
  })

  test.each(['size=0', 'size=x', 'size=1e99', 'copies=0', 'sice=1'])('refuses %s', async (query) => {
    const { port } = await smallCluster({ nodesPerShard: [1] })
    const answer = await send(port, 'GET', `/-/explain?${query}`)
    expect([answer.status, jsonOf(answer)['code']]).toEqual([400, 'BAD_REQUEST'])
  })
})

describe('when nothing fits', () => {
  const of = (...codes: ExclusionCode[]) =>
    nothingFits(
      codes.map((code, at) => ({ shard: shardOf(String(at)), excluded: { code, reason: `for ${code}` } })),
    )

  test.each<[string, ExclusionCode[]]>([
    ['OUT_OF_SPACE', ['no-room', 'hard-limit', 'disk-reserve', 'max-size', 'max-key-num']],
    ['OUT_OF_SPACE', ['no-room', 'not-allowed']],
    ['NOTHING_FITS', ['no-room', 'read-only']],
    ['NOTHING_FITS', ['size-unknown']],
    ['NOTHING_FITS', ['no-nodes', 'not-allowed']],
    ['NOTHING_FITS', []],
    ['ACCESS_DENIED', ['not-allowed', 'not-allowed']],
  ])('it is %s for %j', (code, exclusions) => {
    const error = of(...exclusions)
    expect(error.code).toBe(code)
    const shown = exclusions.map((each, at) => [String(at), `for ${each}`] as const)
    expect(error.details['reasons'] ?? {}).toEqual(
      Object.fromEntries(shown.filter((_, at) => exclusions[at] !== 'not-allowed')),
    )
  })

  test('the message has the reasons, of very many shards only some', () => {
    expect(of('no-room', 'read-only').message).toContain('shard 0: for no-room; shard 1: for read-only')
    const many = of(...Array.from({ length: 1_000 }, () => 'no-room' as const))
    expect(many.message).toMatch(/and 980 more$/)
    expect(Object.keys(many.details['reasons'] as object)).toHaveLength(1_000)
  })
})

test('the limits of a shard’s bytes and blobs hold from one upload to the next', async () => {
  const cluster = await smallCluster({ nodesPerShard: [1], limits: { sizesEveryMs: 3_600_000 } })
  const path = '/shard-acl-1'
  const limits = { acl: [], flags: 0, 'max-size': 0, 'max-key-num': 2 }
  await cluster.tree.create(path, Buffer.from(JSON.stringify(limits)))
  await until(() => cluster.coordinator.snapshot.shards.get('1')?.blobsMax === 2, 'the limit is seen')
  await untilKnown(cluster.port)
  const codes: unknown[] = []
  for (const name of ['a', 'b', 'c']) {
    const answer = await send(cluster.port, 'PUT', `/${name}`, { body: 'meow', headers: explainHeader })
    codes.push(answer.status === 200 ? 200 : jsonOf<Explained>(answer).explain.shards[0]?.excluded)
  }
  expect(codes).toEqual([200, 200, 'max-key-num'])
})

test('uploads at the same moment do not pass a limit together', async () => {
  const cluster = await smallCluster({ nodesPerShard: [1], capacityBytes: 100_000 })
  await untilKnown(cluster.port)
  const uploads = Array.from({ length: 12 }, (_, at) => {
    return send(cluster.port, 'PUT', `/${at}`, { body: patternBytes(20_000) })
  })
  await Promise.all(uploads)
  const { usedBytes } = await cluster.node('11').store.stats()
  expect(usedBytes).toBeGreaterThan(20_000)
  // A record is somewhat larger than its blob, which is what the choice counts until the node is asked again.
  expect(usedBytes).toBeLessThanOrEqual(100_000 + 5 * 100)
})

function untilKnown(port: number): Promise<void> {
  return until(async () => {
    const { shards } = jsonOf<Explained & ChoiceExplanation>(await send(port, 'GET', '/-/explain'))
    return shards.every(({ nodes = [] }) => nodes.every(({ usedBytes }) => usedBytes !== null))
  }, 'the nodes are known')
}
