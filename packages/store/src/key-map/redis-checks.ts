// Whether a Redis may be used at all.
import type { RedisCodec } from './redis-codec.js'
import type { RedisConnection } from './redis-connection.js'

/** Throws KEY_MAP_REFUSED when Redis may drop keys: a blob whose key was dropped would be called missing. */
export async function checkEviction(connection: RedisConnection): Promise<void> {
  // INFO tells both settings, and unlike CONFIG is seldom forbidden.
  const info = await connection.run((redis) => redis.info('memory'))
  const limit = /^maxmemory:(\d+)/m.exec(info)?.[1]
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1]
  if (limit === '0' || policy === 'noeviction') return
  throw connection.refused(
    `would drop keys when its memory is full: maxmemory-policy is ${policy ?? 'not told'}. Set it to noeviction ` +
      '(CONFIG SET maxmemory-policy noeviction, and in redis.conf)',
  )
}

/** Throws KEY_MAP_REFUSED when Redis was filled with other serialisers. */
export function checkCodec(connection: RedisConnection, codec: RedisCodec, sample: string | undefined): void {
  if (sample === undefined || sample === codec.sample) return
  throw connection.refused(
    'holds the keys of this store in another encoding; use the encodeKey, encodeValue and decodeValue that wrote ' +
      'them, or another prefix',
  )
}
