import { RedisProcess } from '@backpack/test-cluster'
import { afterAll, beforeAll, describe } from 'vitest'
import { RedisQueue } from '../../src/queue/redis-queue.js'
import { testQueueContract } from './queue-contract.js'
import { patientMs } from './test-servers.js'

describe.each([1, 3])('with %i servers', (count) => {
  const servers: RedisProcess[] = []
  let queues = 0

  beforeAll(async () => {
    for (let started = 0; started < count; started++) servers.push(await RedisProcess.start())
  })

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()))
  })

  testQueueContract('queue on Redis', {
    async open(limits) {
      const addresses = servers.map(({ port }) => ({ host: '127.0.0.1', port }))
      const options = { key: `queue-${queues++}`, servers: addresses, commandTimeoutMs: patientMs, limits }
      return [RedisQueue.open(options), RedisQueue.open(options)]
    },
  })
})
