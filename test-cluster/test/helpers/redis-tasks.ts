// What a Redis of the queue holds, asked past all code of the queue (docs/formats/queue.md names the keys).
import { Redis } from 'ioredis'
import { type RedisProcess, type TestCluster, until } from '../../src/index.js'

const answerMs = 5_000

/** Tasks on one server, whether due, leased or for later; parked ones are not counted. */
export async function tasksOn(redis: RedisProcess, queueKey: string): Promise<number> {
  const client = new Redis({
    host: '127.0.0.1',
    port: redis.port,
    lazyConnect: true,
    connectTimeout: answerMs,
    commandTimeout: answerMs,
    retryStrategy: () => null,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    let tasks = 0
    for (const target of await client.smembers(`${queueKey}:targets`)) {
      for (const kind of ['tasks', 'later']) tasks += await client.zcard(`${queueKey}:${kind}:${target}`)
    }
    return tasks
  } finally {
    client.disconnect()
  }
}

/** Of each server of the queue. */
export function queuedTasks(cluster: TestCluster): Promise<number[]> {
  const servers = cluster.redisServers.split(',').map((_, at) => cluster.redis(at + 1))
  return Promise.all(servers.map((redis) => tasksOn(redis, cluster.queueKey)))
}

/** Resolves once no server of the queue holds a task. */
export async function untilQueueEmpty(cluster: TestCluster, limitMs: number): Promise<void> {
  const isEmpty = async () => (await queuedTasks(cluster)).every((tasks) => tasks === 0)
  await until(isEmpty, 'no Redis holds a task', limitMs)
}
