import { expect, test } from 'vitest'
import { claimAll, pathsOf } from './queue-contract.js'
import { copyTask } from './some-tasks.js'
import { TestServers } from './test-servers.js'

const servers = new TestServers(2)
const task2013 = (number: number) => `{"from":["1","3"],"to":"2","path":"/old ${number}?x"}`

test('a set of 2013 is drained from every server, each task once', async () => {
  const key = servers.newKey()
  const clients = [servers.client(0), servers.client(1)]
  for (const client of clients)
    await client.sadd(key, ...Array.from({ length: 1_200 }, (_, at) => task2013(at)))
  await clients[0]?.sadd(key, task2013(5_000))
  const queue = servers.open({ key })
  await queue.push([copyTask(1)])
  expect((await queue.figures()).total).toBe(1_202)
  const paths: string[] = []
  for (let claims = await claimAll(queue, { limit: 200 }); claims.length > 0; ) {
    paths.push(...pathsOf(claims))
    await queue.complete(claims.map(({ id }) => id))
    claims = await claimAll(queue, { limit: 200 })
  }
  expect(paths).toHaveLength(1_202)
  expect(new Set(paths).size).toBe(1_202)
  expect(paths).toContain('/old 5000?x')
  for (const client of clients) expect(await client.exists(key)).toBe(0)
  expect((await queue.figures()).total).toBe(0)
})

test('what a daemon of 2013 adds while the queue runs is taken too, sources in any number', async () => {
  const queue = servers.open({ key: 'shared' })
  expect(await claimAll(queue)).toEqual([])
  await servers.client(1).sadd('shared', '{"from":[7],"to":4,"path":"/x"}')
  const [claim] = await claimAll(queue)
  expect(claim?.task).toEqual({
    op: 'copy',
    shard: undefined,
    path: '/x',
    version: undefined,
    from: ['7'],
    to: '4',
  })
})

test('a member that cannot be read is parked with the reason, and the others go on', async () => {
  const key = servers.newKey()
  for (const server of [0, 1]) {
    const client = servers.client(server)
    await client.sadd(key, 'hello', '{"to":"2"}', task2013(1))
    await client.zadd(`${key}:tasks:2`, 1, '{"op":"move","from":["1"],"to":"2","path":"/new"}')
    await client.sadd(`${key}:targets`, '2')
  }
  const queue = servers.open({ key })
  await queue.push([copyTask(1)])
  const claims = [...(await claimAll(queue)), ...(await claimAll(queue))]
  expect(pathsOf(claims)).toEqual(['/old 1?x', '/photos/1.jpg'])
  const parked = await queue.parked(10)
  const reasons = Object.fromEntries(parked.map(({ id, reason }) => [id, reason]))
  expect(Object.keys(reasons)).toHaveLength(3)
  expect(reasons['hello']).toContain('no JSON')
  expect(reasons['{"to":"2"}']).toContain('path')
  expect(parked.find(({ id }) => id === 'hello')?.task).toMatchObject({ path: 'hello', to: '?' })
  expect(await queue.retry()).toBe(0)
  expect(await queue.parked(10)).toHaveLength(3)
  await queue.complete(claims.map(({ id }) => id))
  expect(await claimAll(queue)).toEqual([])
  expect((await queue.figures()).total).toBe(0)
})
