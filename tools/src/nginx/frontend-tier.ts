// What clients connect to: each URL belongs to one cache, so that nothing is cached twice. Pure.
import {
  block,
  conditionalHeaders,
  rangeHeaders,
  requestHeaders,
  serversOf,
  upstream,
} from './configuration-text.js'
import type { NginxOptions } from './nginx-options.js'
import type { TierText } from './tier-text.js'

const keepalive = 64
const triesMax = 3

export function frontendTier({ caches }: NginxOptions): TierText {
  return {
    http: [
      ...upstream({
        name: 'backpack-caches',
        servers: serversOf(caches, 'the caches'),
        // Consistent: a cache that comes or goes moves only its own share of the URLs.
        balance: 'hash $request_uri consistent',
        keepalive,
      }),
      '',
      // Not on an answer such as 502: the cache is well, and another one would get the same from behind.
      'proxy_next_upstream error timeout;',
      `proxy_next_upstream_tries ${triesMax};`,
      'proxy_max_temp_file_size 0;',
      ...requestHeaders(...conditionalHeaders, ...rangeHeaders),
    ],
    server: block('location /', 'proxy_pass http://backpack-caches$request_uri;'),
  }
}
