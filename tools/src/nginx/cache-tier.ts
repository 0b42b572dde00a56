// Keeps whole answers on disk, under the target as it was sent. Pure.
import { block, quote, requestHeaders, serversOf, upstream } from './configuration-text.js'
import type { NginxOptions } from './nginx-options.js'
import type { TierText } from './tier-text.js'

const keepalive = 64
const triesMax = 3
/** A 404 may be a photo that is uploaded right now. */
const missingSeconds = 5
const lockSeconds = 10
/** What nobody asked for in so long leaves the disk. */
const inactiveDays = 7
/** A key takes 128 bytes of memory; photos are taken to have 20 KB on average. */
const diskBytesPerKeyByte = 160
const keysBytesMin = 8 * 2 ** 20
const keysBytesMax = 4 * 2 ** 30

export function cacheTier(options: NginxOptions): TierText {
  const { resizers, storage, cacheDirectory, cacheSizeBytes, cacheValidSeconds } = options
  const behind = resizers.length > 0 ? resizers : storage
  return {
    http: [
      ...upstream({
        name: 'backpack-behind',
        servers: serversOf(behind, 'the resizers or the storage edges'),
        keepalive,
      }),
      '',
      [
        `proxy_cache_path ${quote(cacheDirectory)} levels=1:2 use_temp_path=off`,
        `keys_zone=backpack:${keysBytes(cacheSizeBytes)} max_size=${cacheSizeBytes} inactive=${inactiveDays}d;`,
      ].join(' '),
      'proxy_cache backpack;',
      'proxy_cache_key $request_uri;',
      // Past this a photo is asked for by its ETag: overwritten and deleted ones are noticed that late.
      `proxy_cache_valid 200 410 415 ${cacheValidSeconds}s;`,
      `proxy_cache_valid 404 ${missingSeconds}s;`,
      'proxy_cache_revalidate on;',
      'proxy_cache_lock on;',
      `proxy_cache_lock_age ${lockSeconds}s;`,
      `proxy_cache_lock_timeout ${lockSeconds}s;`,
      'proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;',
      'add_header X-Backpack-Cache $upstream_cache_status always;',
      '',
      'proxy_next_upstream error timeout;',
      `proxy_next_upstream_tries ${triesMax};`,
      // No ranges and conditions: whole answers are fetched, and these are met from what is cached.
      ...requestHeaders(),
    ],
    server: block('location /', 'proxy_pass http://backpack-behind$request_uri;'),
  }
}

function keysBytes(cacheSizeBytes: number): number {
  const wanted = Math.ceil(cacheSizeBytes / diskBytesPerKeyByte)
  return Math.min(keysBytesMax, Math.max(keysBytesMin, wanted))
}
