// Names and targets: what is a name, what is refused, what is reserved.
import { bare, get, host, put, request } from './corpus-request.js'
import type { CorpusEntry } from './corpus.js'

const long = (count: number) => 'n'.repeat(count)

const found: readonly CorpusEntry[] = [
  ['1 byte', '/x', 'one-byte name'],
  ['255 bytes', `/${long(255)}`, '255'],
  ['256 bytes', `/${long(256)}`, '256'],
  ['1,024 bytes', `/${long(1024)}`, '1024'],
  ['1,024 bytes, percent-encoded to 3,072', `/${'%C3%A9'.repeat(512)}`, '512 letters of two bytes'],
  ['two dots', '/..', 'two dots'],
  ['two dots, encoded', '/%2e%2e', 'two dots'],
  ['dots and slashes', '/../../etc/passwd', 'dots and slashes'],
  ['dot-dot in the middle', '/a/../b', 'a dot-dot b'],
  ['an encoded slash', '/a%2Fb', 'a slash b'],
  ['an encoded slash in small letters', '/a%2fb', 'a slash b'],
  ['two slashes', '/a//b', 'a two slashes b'],
  ['a leading slash', '//lead', 'leading slash'],
  ['a space, encoded', '/a%20b', 'a space b'],
  ['a plus, which is no space', '/a+b', 'a plus b'],
  ['an emoji, encoded', '/%F0%9F%98%80.jpg', 'smile'],
  ['a query', '/p?w=1&h=2', 'with a query'],
  ['a query, encoded', '/p%3Fw%3D1%26h=2', 'with a query'],
  ['a hash, encoded', '/p%231', 'with a hash'],
  ['a hash, raw', '/p#1', 'with a hash'],
  ['a percent sign, encoded', '/100%25', 'with a percent'],
  ['a star', '/*', 'star'],
  ['nearly reserved', '/stats2', 'nearly reserved'],
  ['a dash', '/-', 'a dash'],
].map(([title, target, body]) => ({
  title: `name: ${title}`,
  send: get(target!),
  status: [200],
  body: body!,
}))

const absent: readonly CorpusEntry[] = [
  ['never stored', '/nothing', 404, 'NOT_FOUND'],
  ['decoded once only', '/a%252Fb', 404, 'NOT_FOUND'],
  ['case matters', '/PLAIN', 404, 'NOT_FOUND'],
  ['a query makes another name', '/plain?', 404, 'NOT_FOUND'],
  ['deleted', '/deleted', 410, 'DELETED'],
  ['deleted, encoded', '/deleted%20too', 410, 'DELETED'],
].map(([title, target, status, code]) => ({
  title: `name: ${title}`,
  send: get(target as string),
  status: [status as number],
  code: code as string,
}))

const refusedTargets: readonly (readonly [title: string, target: string, status: number, code: string])[] = [
  ['0 bytes', '/', 400, 'NAME_INVALID'],
  ['1,025 bytes', `/${long(1025)}`, 414, 'NAME_TOO_LONG'],
  ['1,025 bytes, encoded', `/${'%6E'.repeat(1025)}`, 414, 'NAME_TOO_LONG'],
  ['3,100 bytes', `/${long(3100)}`, 414, 'NAME_TOO_LONG'],
  ['NUL', '/%00', 400, 'NAME_INVALID'],
  ['NUL in the middle', '/a%00b', 400, 'NAME_INVALID'],
  ['line feed', '/a%0Ab', 400, 'NAME_INVALID'],
  ['carriage return and line feed', '/a%0D%0ASet-Cookie:x', 400, 'NAME_INVALID'],
  ['delete', '/a%7f', 400, 'NAME_INVALID'],
  ['a lone percent sign', '/100%', 400, 'NAME_INVALID'],
  ['half an escape', '/a%2', 400, 'NAME_INVALID'],
  ['an escape that is no hex', '/a%zz', 400, 'NAME_INVALID'],
  ['broken UTF-8, encoded', '/%C3%28', 400, 'NAME_INVALID'],
  ['cut UTF-8, encoded', '/%F0%9F%98', 400, 'NAME_INVALID'],
  ['overlong slash', '/%C0%AF', 400, 'NAME_INVALID'],
  ['overlong NUL', '/%C0%80', 400, 'NAME_INVALID'],
  ['a high surrogate alone', '/%ED%A0%80', 400, 'NAME_INVALID'],
  ['a low surrogate alone', '/%ED%B0%80', 400, 'NAME_INVALID'],
  ['a surrogate pair as two', '/%ED%A0%BD%ED%B8%80', 400, 'NAME_INVALID'],
  ['past the last code point', '/%F4%90%80%80', 400, 'NAME_INVALID'],
]

const refused: readonly CorpusEntry[] = refusedTargets.flatMap(([title, target, status, code]) => [
  { title: `GET, name: ${title}`, send: get(target), status: [status], code },
  { title: `HEAD, name: ${title}`, send: request('HEAD', target), status: [status], head: true },
  { title: `DELETE, name: ${title}`, send: request('DELETE', target), status: [status], code },
  { title: `PUT, name: ${title}`, send: put(target, 'data'), status: [status], code },
])

const forms: readonly CorpusEntry[] = [
  { title: 'absolute form', send: get('http://photos.example/plain'), status: [400], code: 'NAME_INVALID' },
  { title: 'asterisk form', send: get('*'), status: [400], code: 'NAME_INVALID' },
  { title: 'asterisk form of OPTIONS', send: request('OPTIONS', '*'), status: [405] },
  { title: 'no slash', send: get('plain'), status: [400], closes: true },
  { title: 'a raw space', send: get('/a b'), status: [400], closes: true },
  { title: 'a raw tab', send: get('/a\tb'), status: [400], closes: true },
  { title: 'an emoji, raw', send: get('/\xf0\x9f\x98\x80.jpg'), status: [400], closes: true },
  { title: 'broken UTF-8, raw', send: get('/\xc3\x28'), status: [400], closes: true },
  { title: 'PUT of an emoji, raw', send: put('/\xf0\x9f\x98\x80', 'data'), status: [400], closes: true },
  { title: 'a raw NUL', send: get('/a\0b'), status: [400], closes: true },
  { title: 'a raw control character', send: get('/a\x01b'), status: [400], closes: true },
  { title: 'a raw carriage return', send: get('/a\rb'), status: [400], closes: true },
  { title: 'no target', send: bare('GET HTTP/1.1', host), status: [400], closes: true },
  { title: 'two spaces', send: bare('GET  /plain HTTP/1.1', host), status: [200], body: 'hello, world' },
]

const reservedTargets = ['/-/', '/-/x', '/-/x?y=1', '/-/%zz', '/-/metrics/x']

const reserved: readonly CorpusEntry[] = [
  ...reservedTargets.flatMap((target) => [
    { title: `GET ${target}`, send: get(target), status: [target.includes('%zz') ? 400 : 404] },
    { title: `PUT ${target}`, send: put(target, 'data'), status: [400] },
    { title: `DELETE ${target}`, send: request('DELETE', target), status: [400] },
  ]),
  ...['/stats', '/stats?a=1', '/-/live', '/-/ready', '/-/metrics', '/-/stats'].flatMap((target) => [
    { title: `PUT ${target}`, send: put(target, 'data'), status: [400], code: 'NAME_RESERVED' },
    { title: `DELETE ${target}`, send: request('DELETE', target), status: [400], code: 'NAME_RESERVED' },
    { title: `POST ${target}`, send: request('POST', target), status: [400], code: 'NAME_RESERVED' },
  ]),
  { title: 'GET /-/live', send: get('/-/live'), status: [200], body: '{"live":true}' },
  { title: 'HEAD /-/live', send: request('HEAD', '/-/live'), status: [404], head: true },
  {
    title: 'PUT of a name that decodes to stats',
    send: put('/%73tats', 'x'),
    status: [400],
    code: 'NAME_RESERVED',
  },
  {
    title: 'PUT of a name that decodes to -/x',
    send: put('/%2d/x', 'x'),
    status: [400],
    code: 'NAME_RESERVED',
  },
  { title: 'GET of a name that decodes to -/x', send: get('/%2d/x'), status: [404] },
  { title: 'GET of a name that decodes to stats', send: get('/st%61ts'), status: [404] },
]

export const nameEntries: readonly CorpusEntry[] = [...found, ...absent, ...refused, ...forms, ...reserved]
