import { describe, expect, test } from 'vitest'
import { jsonOf, send } from '../helpers/http-request.js'
import { dueTasks, smallCluster, untilSeen } from '../helpers/small-cluster.js'
import { until } from '../helpers/until.js'

const gibibyte = 2 ** 30

test('/stats has the fields and units of 2013', async () => {
  const { port, coordinator } = await smallCluster({ nodesPerShard: [2, 2] })
  await send(port, 'PUT', '/a', { body: 'meow' })
  await send(port, 'PUT', '/b', { body: 'purr!' })
  await until(
    () => [...coordinator.snapshot.shards.values()].some(({ currentBytes }) => currentBytes > 0),
    'sizes are published',
  )
  const answer = await send(port, 'GET', '/stats')
  expect(answer.headers['content-type']).toContain('application/json')
  const stats = jsonOf<Record<string, number>>(answer)
  expect(stats).toEqual({
    uptime: expect.any(Number) as number,
    processed_uploads: 2,
    processed_bytes: 9,
    failed_uploads: 0,
    total_size: 200 * gibibyte,
    used_size: expect.any(Number) as number,
    usage_ratio: stats['used_size']! / stats['total_size']!,
    available_space: stats['total_size']! - stats['used_size']!,
    total_shards: 2,
    writable_shards: 2,
    queue_length: 2,
  })
  expect(stats['used_size']).toBeGreaterThan(0)
})

test('failed uploads are counted, refused ones are not', async () => {
  const { port } = await smallCluster({ nodesPerShard: [] })
  await send(port, 'PUT', '/a', { body: 'meow' })
  await send(port, 'PUT', '/a', { body: '' })
  const stats = jsonOf(await send(port, 'GET', '/stats'))
  expect(stats).toMatchObject({ processed_uploads: 0, failed_uploads: 1, usage_ratio: 0, total_size: 0 })
})

describe('/-/ready', () => {
  test('is 200 with a model and a queue', async () => {
    const { port } = await smallCluster()
    expect(jsonOf(await send(port, 'GET', '/-/ready'))).toEqual({ ready: true, reasons: [] })
    expect(jsonOf(await send(port, 'GET', '/-/live'))).toEqual({ live: true })
  })

  test('is 503 and says why without shards', async () => {
    const { port } = await smallCluster({ nodesPerShard: [] })
    const answer = await send(port, 'GET', '/-/ready')
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
    expect(jsonOf(answer)).toEqual({ ready: false, reasons: ['the model has no shards'] })
  })

  test('is 503 and says why without a queue', async () => {
    const { port, queue } = await smallCluster()
    await queue.close()
    expect(jsonOf(await send(port, 'GET', '/-/ready'))).toEqual({
      ready: false,
      reasons: ['no queue server answers'],
    })
  })
})

test('/-/cluster shows shards, nodes up and down, queue and daemons', async () => {
  const cluster = await smallCluster()
  await send(cluster.port, 'PUT', '/a', { body: 'meow' })
  await cluster.node('12').stop()
  await untilSeen(cluster, '12', 'down')
  const shown = jsonOf<Record<string, unknown[]>>(await send(cluster.port, 'GET', '/-/cluster'))
  expect(shown).toMatchObject({
    shards: [
      { id: '1', nodes: ['11', '12'], readOnly: false, capacityBytes: 100 * gibibyte, inFlightBytes: 0 },
    ],
    queue: { key: 'backpack', figures: { due: 1, total: 1 } },
    daemons: [{ kind: 'coordinator', url: cluster.url }],
  })
  expect(shown['servers']).toMatchObject([
    { id: '11', up: true },
    { id: '12', up: false, downSinceMs: expect.any(Number) as number },
  ])
})

test('/-/metrics counts requests, uploads and tasks', async () => {
  const { port } = await smallCluster()
  await send(port, 'PUT', '/a', { body: 'meow' })
  await send(port, 'GET', '/1:a')
  await send(port, 'GET', '/1:missing')
  await send(port, 'GET', '/-/live')
  const { body, headers } = await send(port, 'GET', '/-/metrics')
  expect(headers['content-type']).toContain('text/plain')
  const text = body.toString()
  for (const line of [
    'backpack_coordinator_requests_total{method="PUT",status="200"} 1',
    'backpack_coordinator_requests_total{method="GET",status="200"} 2',
    'backpack_coordinator_requests_total{method="GET",status="404"} 1',
    'backpack_coordinator_files_uploaded 1',
    'backpack_coordinator_uploaded_bytes 4',
    'backpack_coordinator_queue_tasks{state="due"} 1',
    'backpack_coordinator_nodes_up 2',
    'backpack_coordinator_writable_shards 1',
  ]) {
    expect(text).toContain(`${line}\n`)
  }
})

describe('/-/queue', () => {
  test('lists parked tasks with their reason, and retries them, all or some', async () => {
    const { port, queue } = await smallCluster()
    for (const name of ['a', 'b']) await send(port, 'PUT', `/${name}`, { body: 'x' })
    for (const { id } of await dueTasks(queue)) await queue.park(id, 'all sources have lost it')
    const { parked } = jsonOf<{ parked: { id: string; reason: string; task: { path: string } }[] }>(
      await send(port, 'GET', '/-/queue/parked'),
    )
    expect(parked.map(({ reason, task }) => [task.path, reason]).sort()).toEqual([
      ['/a', 'all sources have lost it'],
      ['/b', 'all sources have lost it'],
    ])
    const one = {
      body: JSON.stringify({ ids: [parked[0]!.id] }),
      headers: { 'Content-Type': 'application/json' },
    }
    expect(jsonOf(await send(port, 'POST', '/-/queue/retry', one))).toEqual({ retried: 1 })
    expect(jsonOf(await send(port, 'POST', '/-/queue/retry'))).toEqual({ retried: 1 })
    expect(await dueTasks(queue)).toHaveLength(2)
  })

  test.each([
    ['{"ids":"all"}', 'application/json'],
    ['{', 'application/json'],
    ['{"id":["x"]}', 'application/json'],
  ])('refuses %s', async (body, type) => {
    const { port } = await smallCluster({ nodesPerShard: [1] })
    const answer = await send(port, 'POST', '/-/queue/retry', { body, headers: { 'Content-Type': type } })
    expect([answer.status, jsonOf(answer)['code']]).toEqual([400, 'BAD_REQUEST'])
  })
})
