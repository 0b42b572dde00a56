// Request targets that somebody would try who wants a file, or a fault: out of the root, wrongly encoded, endless.
import type { SeededRandom } from '../../helpers/seeded-random.js'

const dots = [
  '..',
  '%2e%2e',
  '%2E.',
  '.%2e',
  '%252e%252e',
  '%25252e%25252e',
  '%c0%ae%c0%ae',
  '%e0%80%ae%e0%80%ae',
  '%f0%80%80%ae.',
  '%uff0e%uff0e',
  '%EF%BC%8E%EF%BC%8E',
  '..%00',
  '%00..',
  '..;',
  '..%20',
  '.%0d.',
  '....',
  '...',
  '.',
] as const

const slashes = [
  '/',
  '%2f',
  '%2F',
  '%252f',
  '%25252f',
  '\\',
  '%5c',
  '%255c',
  '//',
  '/./',
  '\\\\',
  '%c0%af',
  '%e0%80%af',
  '%EF%BC%8F',
  '/%00/',
  ';/',
  '?/',
  '#/',
] as const

const starts = [
  '/',
  '//',
  '/sub/',
  '/static/',
  '/get/1/',
  '/1:',
  '/-/',
  '/stat/',
  '\\',
  '',
  '/inside/',
  '/%2f',
] as const

const brokenEncodings = [
  '%',
  '%2',
  '%zz',
  '%u0041',
  '%%41',
  '%c0%80',
  '%c1%bf',
  '%e0%80%80',
  '%ed%a0%80',
  '%ed%bf%bf',
  '%f4%90%80%80',
  '%f8%88%80%80%80',
  '%fe',
  '%ff%ff',
  '%80',
  '%c3',
  '%00',
  '%0a',
  '%0d%0aSet-Cookie:%20a=b',
  '%7f',
  '%ef%bf%be',
  '\u00e9',
  '\u0001',
  '\u007f',
  '\u00ff\u00fe',
  '%F0%9F%90%88',
] as const

const prefixes = [
  '/get/1/',
  '/get/',
  '/lookup/1/',
  '/redirect/1/',
  '/upload/1/',
  '/stat/[',
  '/nobucket_upload/',
  '/',
  '/1:',
  '/-/explain?size=',
  '/get/1/victim?offset=',
] as const

/** Where the file outside of the root is, as the links and the dots lead to it. */
export interface OutsideFile {
  /** Absolute. */
  readonly path: string
  /** From the root's parent. */
  readonly relative: string
}

export function traversal(random: SeededRandom, { path, relative }: OutsideFile): string {
  if (random.chance(0.1)) {
    const start = random.pick(['/', '//', '/%2f', '/file:', '/file://', 'file://', '/sub/', '/\\'])
    return start + mixed(random, path)
  }
  const times = random.between(1, random.chance(0.1) ? 40 : 6)
  let target = random.pick(starts) as string
  const up = random.pick(dots)
  const slash = random.pick(slashes)
  for (let at = 0; at < times; at++) {
    target +=
      (random.chance(0.2) ? random.pick(dots) : up) + (random.chance(0.2) ? random.pick(slashes) : slash)
  }
  return (
    target +
    mixed(random, relative) +
    random.pick(['', '', '/', '%00', '%00.txt', '?', '#x', '::$DATA', ';.txt'])
  )
}

/** Through what stands in the root and leads out of it. */
export function throughLink(random: SeededRandom): string {
  const link = random.pick([
    'escape/secret.txt',
    'escape.txt',
    'sub/escape.txt',
    'loop/loop/escape.txt',
    'inside.fifo',
    'sub/../inside.fifo',
    'escape',
    'dangling',
  ])
  return random.pick(['/', '//', '/./', '/sub/../', '/%2e/', '/sub/..%2f', '/inside/']) + mixed(random, link)
}

/** Some of its characters percent-encoded, once or twice. */
function mixed(random: SeededRandom, path: string): string {
  const plain = random.chance(0.4)
  return [...path]
    .map((character) => {
      if (plain || !random.chance(0.3)) return character
      const hex = character.charCodeAt(0).toString(16).padStart(2, '0')
      return random.chance(0.2) ? `%25${hex}` : `%${hex}`
    })
    .join('')
}

export function brokenEncoding(random: SeededRandom): string {
  let target = random.pick(prefixes) as string
  for (let at = random.between(1, 4); at > 0; at--)
    target += random.pick(brokenEncodings) + random.pick(['', 'a', '/'])
  return target
}

export function longTarget(random: SeededRandom): string {
  const sizeBytes = random.pick([900, 1_025, 3_000, 8_000, 15_000, 16_500, 40_000])
  const part = random.pick(['a', '/', '%41', '../', 'a/', '?', '&', '%', '%e2%82%ac', '/..;'])
  return random.pick(prefixes) + part.repeat(Math.ceil(sizeBytes / part.length))
}

const oddTargets = [
  '*',
  '',
  '//',
  '///',
  '//host/x',
  '//host/get/1/victim',
  '/\\host/x',
  'http://host/get/1/victim',
  'http://host/../outside/secret.txt',
  'https://host:99999/hello.txt',
  'HTTP://host//hello.txt',
  'http://user:password@host/hello.txt',
  'http://[::1/hello.txt',
  'http:hello.txt',
  'ftp://host/hello.txt',
  'host:80',
  'get/1/victim',
  '?',
  '?/get/1/victim',
  '#',
  '/?',
  '/#/get/1/victim',
  '/get',
  '/get/',
  '/get//',
  '/get/1',
  '/get/1/',
  '/get/1//',
  '/get//victim',
  '/get/1/victim/',
  '/get/__proto__/victim',
  '/get/constructor/victim',
  '/__proto__',
  '/constructor/1/x',
  '/toString',
  '/hasOwnProperty/1/x',
  '/GET/1/victim',
  '/%67et/1/victim',
  '/get%2f1%2fvictim',
  '/get/1%2fvictim',
  '/get;x=1/1/victim',
  '/get?/1/victim',
  '/upload/1/-/x',
  '/get/1/stats',
  '/get/1/-/cluster',
  '/1:-/cluster',
  '/1:stats',
  '/:x',
  '/1:',
  '/stats?',
  '/stats/',
  '/-/',
  '/-//cluster',
  '/-/%2e%2e/cluster',
  '/static',
  '/static/hello.txt',
  '/hello.txt/',
  '/sub',
  '/sub/',
  '/.hidden',
  '/sub/.hidden',
  '/inside.fifo',
  '/exit/',
  '/profile/',
  '/stat/[1',
  '/stat/]1[',
  '/stat/[1,1,1,,]',
  '/stat/__proto__',
  '/ping/../stat',
] as const

export function oddTarget(random: SeededRandom): string {
  return random.pick(oddTargets)
}

const oddQueries = [
  '?',
  '?&&&',
  '?=',
  '?offset=-1',
  '?offset=99999999999999999999',
  '?size=0&offset=',
  '?offset=1&offset=2&size=1',
  '?size=1e3',
  '?expires=',
  '?expires=NaN',
  '?expires=1',
  '?expires=999999999999999999',
  '?user=wendy&signature=',
  '?user=&signature=00',
  '?signature=00&user=wendy',
  '?user=__proto__&signature=00',
  '?user[]=wendy&signature[]=00',
  '?user=*&signature=00',
  '?__proto__=1&constructor=2',
  '?%',
  '?a=%ff',
  '?size=1&size=2',
  '?copies=999',
] as const

export function oddQuery(random: SeededRandom): string {
  return (
    random.pick([
      '/get/1/victim',
      '/redirect/1/victim',
      '/stat/',
      '/ping',
      '/hello.txt',
      '/1:victim',
      '/-/explain',
    ]) + random.pick(oddQueries)
  )
}
