// Makes photos smaller on the fly, with image_filter; everything else is passed on as it came. Pure.
import {
  block,
  conditionalHeaders,
  quote,
  rangeHeaders,
  requestHeaders,
  serversOf,
  upstream,
} from './configuration-text.js'
import type { NginxOptions } from './nginx-options.js'
import type { TierText } from './tier-text.js'

const keepalive = 64
const triesMax = 3
/** The largest width and height that can be asked for, in pixels. */
export const resizeSideMax = 2_000
/** The same as an expression: 1 to resizeSideMax, without leading zeros. */
const side = '(?:[1-9][0-9]{0,2}|1[0-9]{3}|2000)'
/** Larger originals are answered with 415. */
const originalBytesMax = 32 * 2 ** 20
const jpegQuality = 85
/** Answers of the storage edges that are no picture and must pass image_filter by. */
const passedStatuses = [400, 403, 404, 410, 414, 421, 500, 502, 503, 504]
/** What stands for the original when the sizes are refused. */
const refused = '-'

export function resizerTier({ storage, imageFilterModule }: NginxOptions): TierText {
  return {
    main: imageFilterModule === undefined ? [] : [`load_module ${quote(imageFilterModule)};`],
    http: [
      ...upstream({
        name: 'backpack-storage',
        servers: serversOf(storage, 'the storage edges'),
        keepalive,
      }),
      '',
      '# Resized is what ends in exactly ?w=W, ?h=H or ?w=W&h=H; any other query is part of the name.',
      ...block(
        'map $request_uri $backpack_original',
        'default "";',
        `"~^(/.+)[?](?:w=${side}(?:&h=${side})?|h=${side})$" $1;`,
        `"~[?](?:w=[0-9]+(?:&h=[0-9]+)?|h=[0-9]+)$" "${refused}";`,
      ),
      ...block('map $request_uri $backpack_width', 'default "-";', `"~[?]w=(${side})(?:&h=[0-9]+)?$" $1;`),
      ...block('map $request_uri $backpack_height', 'default "-";', `"~[?&]h=(${side})$" $1;`),
      '',
      'proxy_next_upstream error timeout;',
      `proxy_next_upstream_tries ${triesMax};`,
      'proxy_max_temp_file_size 0;',
    ],
    server: [
      `if ($backpack_original = "${refused}") { return 400; }`,
      'if ($backpack_original) { rewrite ^ /-/resized last; }',
      ...block(
        'location /',
        requestHeaders(...conditionalHeaders, ...rangeHeaders),
        'proxy_pass http://backpack-storage$request_uri;',
      ),
      ...block(
        'location = /-/resized',
        'internal;',
        'image_filter resize $backpack_width $backpack_height;',
        `image_filter_buffer ${originalBytesMax};`,
        `image_filter_jpeg_quality ${jpegQuality};`,
        // The original whole, also for HEAD: the size of what is made of it is not known before.
        'proxy_method GET;',
        requestHeaders(...conditionalHeaders),
        'proxy_intercept_errors on;',
        passedStatuses.map((status) => `error_page ${status} @status-${status};`),
        'proxy_pass http://backpack-storage$backpack_original;',
      ),
      ...passedStatuses.flatMap((status) => block(`location @status-${status}`, `return ${status};`)),
    ],
  }
}
