import { patientRedis, RedisServer } from '../helpers/redis-server.js'
import { testKeyMap } from './key-map-contract.js'

testKeyMap('redis', async () => {
  const redis = await RedisServer.start()
  return {
    options: { kind: 'redis', redis: { port: redis.port, ...patientRedis } },
    lose: async () => {
      await redis.client.flushall()
    },
  }
})
