// How requests are framed: methods, versions, Host, headers, pipelining, chunks of a request that come apart.
import { bare, get, host, put, request } from './corpus-request.js'
import type { CorpusEntry } from './corpus.js'

const body = 'hello, world'
const plain = get('/plain')

const methods: readonly CorpusEntry[] = [
  {
    title: 'HEAD',
    send: request('HEAD', '/plain'),
    status: [200],
    head: true,
    headers: { 'Content-Length': '12' },
  },
  { title: 'HEAD of nothing', send: request('HEAD', '/nothing'), status: [404], head: true },
  { title: 'HEAD of a deleted blob', send: request('HEAD', '/deleted'), status: [410], head: true },
  { title: 'method in small letters', send: request('get', '/plain'), status: [400], closes: true },
  { title: 'unknown method', send: request('FROB', '/plain'), status: [400], closes: true },
  ...['POST', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'MKCOL', 'LOCK'].map((method) => ({
    title: method,
    send: request(method, '/plain'),
    status: [405],
    code: 'METHOD_NOT_ALLOWED',
    headers: { Allow: 'GET, HEAD, PUT, DELETE' },
  })),
  {
    title: 'POST with a body',
    send: request('POST', '/plain', 'Content-Length: 4') + 'data',
    status: [405],
  },
  { title: 'CONNECT', send: request('CONNECT', 'photos.example:443'), status: [405], closes: true },
  {
    title: 'no method at all',
    send: '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n',
    status: [400],
    closes: true,
  },
  { title: 'a TLS hello', send: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', status: [400], closes: true },
]

const versions: readonly CorpusEntry[] = [
  { title: 'HTTP/1.0', send: bare('GET /plain HTTP/1.0'), status: [200], closes: true, body },
  {
    title: 'HTTP/1.0 that asks to keep the connection',
    send: bare('GET /plain HTTP/1.0', host, 'Connection: keep-alive'),
    status: [200],
    body,
  },
  {
    title: 'HTTP/2.0',
    send: bare('GET /plain HTTP/2.0', host),
    status: [505],
    code: 'HTTP_VERSION_UNKNOWN',
    closes: true,
  },
  { title: 'HTTP/1.2', send: bare('GET /plain HTTP/1.2', host), status: [400], closes: true },
  { title: 'HTTP/0.9', send: 'GET /plain\r\n\r\n', status: [505], closes: true },
  { title: 'no Host', send: bare('GET /plain HTTP/1.1'), status: [400], closes: true },
  {
    title: 'no Host but others',
    send: bare('GET /plain HTTP/1.1', 'Accept: */*'),
    status: [400],
    closes: true,
  },
  { title: 'an empty Host', send: bare('GET /plain HTTP/1.1', 'Host:'), status: [200], body },
  { title: 'two Hosts', send: get('/plain', 'Host: other.example'), status: [400], closes: true },
  { title: 'the same Host twice', send: get('/plain', host), status: [400], closes: true },
  { title: 'Connection: close', send: get('/plain', 'Connection: close'), status: [200], closes: true, body },
  { title: 'Connection: Keep-Alive', send: get('/plain', 'Connection: Keep-Alive'), status: [200], body },
  {
    title: 'an upgrade nobody offers',
    send: get('/plain', 'Connection: Upgrade', 'Upgrade: websocket'),
    status: [200],
    body,
  },
]

const headers: readonly CorpusEntry[] = [
  {
    title: 'harmless headers',
    send: get('/plain', 'Accept: */*', 'User-Agent: x', 'Cookie: a=b'),
    status: [200],
    body,
  },
  {
    title: 'headers in capitals',
    send: bare('GET /plain HTTP/1.1', 'HOST: x', 'ACCEPT: */*'),
    status: [200],
    body,
  },
  {
    title: 'no space behind the colon',
    send: bare('GET /plain HTTP/1.1', 'Host:x', 'Accept:*/*'),
    status: [200],
    body,
  },
  { title: 'a header in Latin-1', send: get('/plain', 'User-Agent: caf\xe9'), status: [200], body },
  { title: 'an unknown header', send: get('/plain', 'X-Frob: 1'), status: [200], body },
  {
    title: 'a control character in a header',
    send: get('/plain', 'Accept: a\x01b'),
    status: [400],
    closes: true,
  },
  { title: 'NUL in a header', send: get('/plain', 'Accept: a\0b'), status: [400], closes: true },
  {
    title: 'a space in front of the colon',
    send: get('/plain', 'Accept : */*'),
    status: [400],
    closes: true,
  },
  { title: 'a header without a name', send: get('/plain', ': x'), status: [400], closes: true },
  { title: 'a header without a colon', send: get('/plain', 'Accept'), status: [400], closes: true },
  { title: 'a folded header', send: get('/plain', 'Accept: a,', ' b'), status: [400], closes: true },
  { title: 'a lone line feed', send: get('/plain', 'Accept: a\nX: y'), status: [400], closes: true },
  { title: 'a lone carriage return', send: get('/plain', 'Accept: a\rX: y'), status: [400], closes: true },
  { title: '99 headers', send: get('/plain', ...repeated('DNT: 1', 98)), status: [200], body },
  {
    title: '101 harmless headers',
    send: get('/plain', ...repeated('DNT: 1', 100)),
    status: [431],
    closes: true,
  },
  { title: '3,000 short headers', send: get('/plain', ...repeated('a:', 3000)), status: [431], closes: true },
  {
    title: '3,000 headers',
    send: get('/plain', ...repeated('X-Frob: 1', 3000)),
    status: [431],
    closes: true,
  },
  { title: 'a header of 4 KB', send: get('/plain', `Cookie: ${'c'.repeat(4000)}`), status: [200], body },
  {
    title: 'a header of 20 KB',
    send: get('/plain', `Cookie: ${'c'.repeat(20_000)}`),
    status: [431],
    closes: true,
  },
  { title: 'a target of 20 KB', send: get(`/${'n'.repeat(20_000)}`), status: [431], closes: true },
]

const sequences: readonly CorpusEntry[] = [
  { title: '2 requests in one write', send: plain + get('/untyped'), status: [200, 200], body: 'x' },
  {
    title: '10 requests in one write',
    send: plain.repeat(10),
    status: Array.from({ length: 10 }, () => 200),
    body,
  },
  {
    title: 'pipelined GET, PUT, GET, DELETE, GET',
    send: plain + put('/piped', 'first') + get('/piped') + request('DELETE', '/piped') + get('/piped'),
    status: [200, 201, 200, 204, 410],
  },
  { title: 'two GETs in two writes', send: [plain, plain], status: [200, 200], body },
  {
    title: 'a second request that breaks off',
    send: [plain, 'GET /pl'],
    status: [200, 400],
    endsEarly: true,
    closes: true,
  },
  { title: 'a GET, then garbage', send: [plain, 'garbage\r\n\r\n'], status: [200, 400], closes: true },
  {
    title: 'a GET with garbage behind it',
    send: `${plain}garbage\r\n\r\n`,
    status: [200, 400],
    closes: true,
  },
  { title: 'an empty line in front', send: `\r\n${plain}`, status: [200], body },
  {
    title: 'a GET whose client then ends its side',
    send: plain,
    status: [200],
    endsEarly: true,
    closes: true,
    body,
  },
  {
    title: 'a PUT whose client then ends its side',
    send: put('/ends', 'x'),
    status: [201],
    endsEarly: true,
    closes: true,
  },
  {
    title: '3 GETs whose client then ends its side',
    send: plain.repeat(3),
    status: [200, 200, 200],
    endsEarly: true,
    closes: true,
    body,
  },
  {
    title: 'a large GET whose client then ends its side',
    send: get('/large'),
    status: [200],
    endsEarly: true,
    closes: true,
  },
  { title: 'nothing at all', send: [], status: [], endsEarly: true, closes: true },
  { title: 'half a request line', send: 'GET /pla', status: [400], endsEarly: true, closes: true },
  {
    title: 'the request line only',
    send: 'GET /plain HTTP/1.1\r\n',
    status: [400],
    endsEarly: true,
    closes: true,
  },
]

/** A request that comes in two pieces, cut at every byte. */
function cutEverywhere(
  title: string,
  whole: string,
  expected: Omit<CorpusEntry, 'title' | 'send'>,
): CorpusEntry[] {
  return Array.from({ length: whole.length - 1 }, (_, at) => ({
    title: `${title}, cut at byte ${at + 1}`,
    send: [whole.slice(0, at + 1), whole.slice(at + 1)],
    ...expected,
  }))
}

function repeated(line: string, count: number): string[] {
  return Array.from({ length: count }, () => line)
}

export const framingEntries: readonly CorpusEntry[] = [
  ...methods,
  ...versions,
  ...headers,
  ...sequences,
  ...cutEverywhere('GET', get('/plain', 'Accept: */*'), { status: [200], body }),
  ...cutEverywhere('PUT', put('/cut', 'some data'), { status: [201] }),
]
