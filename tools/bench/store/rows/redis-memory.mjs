// Memory of Redis per name, where Redis is the key map.
import { measureRedisBytes } from '../redis-bytes.mjs'
import { single } from '../report/row.mjs'

/** @type {import('../report/row.mjs').Row} */
export const redisRow = { key: 'redis', programs: ['redis-server'], measure: measureRedis }

async function measureRedis({ work }) {
  const { count, nameBytes, bytesPerKey, fillSeconds } = await measureRedisBytes({ directory: work })
  return [
    single({
      key: 'redis',
      work: `Redis key map at ${count / 1e6} M names`,
      unit: 'B/key',
      value: bytesPerKey,
      notes: [`names of ${nameBytes} bytes; filled in ${fillSeconds.toFixed(1)} s`],
    }),
  ]
}
