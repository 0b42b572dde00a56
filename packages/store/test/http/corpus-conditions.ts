// Ranges, conditional requests, versions, deletes.
import { crc32 } from 'node:zlib'
import { formatEtag } from '../../src/blob-info.js'
import { get, largeBytes, patternBytes, presentDate, presentVersion, put, request } from './corpus-request.js'
import type { CorpusEntry } from './corpus.js'

const body = 'hello, world'
const etag = formatEtag(presentVersion, crc32(Buffer.from(body)))
const otherEtag = formatEtag(presentVersion, 1)
const large = patternBytes(largeBytes)
const dayBefore = new Date(Date.parse(presentDate) - 86_400_000).toUTCString()
const dayAfter = new Date(Date.parse(presentDate) + 86_400_000).toUTCString()

function ranged(title: string, range: string, contentRange: string, text: string): CorpusEntry {
  const headers = { 'Content-Range': contentRange, 'Content-Length': String(text.length), ETag: etag }
  return {
    title: `range: ${title}`,
    send: get('/plain', `Range: ${range}`),
    status: [206],
    headers,
    body: text,
  }
}

function largeRange(
  title: string,
  range: string,
  { start, end }: { start: number; end: number },
): CorpusEntry {
  return {
    title: `range of a large blob: ${title}`,
    send: get('/large', `Range: ${range}`),
    status: [206],
    headers: { 'Content-Range': `bytes ${start}-${end}/${largeBytes}`, 'Content-Type': 'image/webp' },
    body: large.toString('latin1', start, end + 1),
  }
}

const ignored = [
  ['several', 'bytes=0-1,4-5'],
  ['backward', 'bytes=5-2'],
  ['another unit', 'pages=1-2'],
  ['nonsense', 'bytes=abc'],
  ['no numbers', 'bytes=-'],
  ['negative', 'bytes=--5'],
  ['empty', ''],
].map(([title, range]) => ({
  title: `range: ${title}, which is ignored`,
  send: get('/plain', `Range: ${range}`),
  status: [200],
  headers: { 'Content-Range': undefined },
  body,
}))

const unsatisfiable = ['bytes=12-', 'bytes=12-13', 'bytes=99999999999999999999-', 'bytes=-0'].map(
  (range) => ({
    title: `range: ${range} is past the end`,
    send: get('/plain', `Range: ${range}`),
    status: [416],
    headers: { 'Content-Range': 'bytes */12' },
    code: 'RANGE_INVALID',
  }),
)

const ranges: readonly CorpusEntry[] = [
  ranged('the first byte', 'bytes=0-0', 'bytes 0-0/12', 'h'),
  ranged('the last byte', 'bytes=11-11', 'bytes 11-11/12', 'd'),
  ranged('open', 'bytes=7-', 'bytes 7-11/12', 'world'),
  ranged('to past the end', 'bytes=7-1000', 'bytes 7-11/12', 'world'),
  ranged('to far past the end', 'bytes=7-99999999999999999999', 'bytes 7-11/12', 'world'),
  ranged('everything', 'bytes=0-', 'bytes 0-11/12', body),
  ranged('suffix', 'bytes=-5', 'bytes 7-11/12', 'world'),
  ranged('suffix longer than the blob', 'bytes=-500', 'bytes 0-11/12', body),
  ranged('in capitals', 'BYTES=0-0', 'bytes 0-0/12', 'h'),
  ...ignored,
  ...unsatisfiable,
  largeRange('over a chunk border', 'bytes=262143-262144', { start: 262_143, end: 262_144 }),
  largeRange('one whole chunk', 'bytes=262144-524287', { start: 262_144, end: 524_287 }),
  largeRange('several chunks', 'bytes=100000-1500000', { start: 100_000, end: 1_500_000 }),
  largeRange('suffix', 'bytes=-10', { start: largeBytes - 10, end: largeBytes - 1 }),
  { title: 'range on HEAD', send: request('HEAD', '/plain', 'Range: bytes=0-0'), status: [200], head: true },
  { title: 'range of nothing', send: get('/nothing', 'Range: bytes=0-0'), status: [404] },
  {
    title: 'If-Range with the ETag',
    send: get('/plain', 'Range: bytes=0-0', `If-Range: ${etag}`),
    status: [206],
    body: 'h',
  },
  {
    title: 'If-Range with another ETag',
    send: get('/plain', 'Range: bytes=0-0', `If-Range: ${otherEtag}`),
    status: [200],
    body,
  },
  {
    title: 'If-Range with a weak ETag',
    send: get('/plain', 'Range: bytes=0-0', `If-Range: W/${etag}`),
    status: [200],
    body,
  },
  {
    title: 'If-Range with the date',
    send: get('/plain', 'Range: bytes=0-0', `If-Range: ${presentDate}`),
    status: [206],
  },
  {
    title: 'If-Range with a later date',
    send: get('/plain', 'Range: bytes=0-0', `If-Range: ${dayAfter}`),
    status: [200],
  },
]

const whole: readonly CorpusEntry[] = [
  {
    title: 'a blob of 300 KB',
    send: get('/medium'),
    status: [200],
    headers: {
      'Content-Type': 'image/png',
      'Last-Modified': presentDate,
      'X-Content-Type-Options': 'nosniff',
    },
    body: patternBytes(300_000).toString('latin1'),
  },
  {
    title: 'a blob of 2.5 MB',
    send: get('/large'),
    status: [200],
    headers: { 'Content-Type': 'image/webp', 'Content-Length': String(largeBytes) },
    body: large.toString('latin1'),
  },
  {
    title: 'HEAD of 2.5 MB',
    send: request('HEAD', '/large'),
    status: [200],
    head: true,
    headers: { 'Content-Length': String(largeBytes) },
  },
]

const reads: readonly CorpusEntry[] = [
  {
    title: 'If-None-Match with the ETag',
    send: get('/plain', `If-None-Match: ${etag}`),
    status: [304],
    headers: { ETag: etag },
  },
  { title: 'If-None-Match with a weak ETag', send: get('/plain', `If-None-Match: W/${etag}`), status: [304] },
  {
    title: 'If-None-Match with a list',
    send: get('/plain', `If-None-Match: ${otherEtag}, ${etag}`),
    status: [304],
  },
  { title: 'If-None-Match: *', send: get('/plain', 'If-None-Match: *'), status: [304] },
  {
    title: 'If-None-Match with another ETag',
    send: get('/plain', `If-None-Match: ${otherEtag}`),
    status: [200],
    body,
  },
  {
    title: 'If-None-Match on HEAD',
    send: request('HEAD', '/plain', `If-None-Match: ${etag}`),
    status: [304],
    head: true,
  },
  { title: 'If-None-Match of nothing', send: get('/nothing', 'If-None-Match: *'), status: [404] },
  { title: 'If-None-Match of a deleted blob', send: get('/deleted', 'If-None-Match: *'), status: [410] },
  {
    title: 'If-Modified-Since its date',
    send: get('/plain', `If-Modified-Since: ${presentDate}`),
    status: [304],
  },
  {
    title: 'If-Modified-Since a day before',
    send: get('/plain', `If-Modified-Since: ${dayBefore}`),
    status: [200],
    body,
  },
  {
    title: 'If-Modified-Since nonsense',
    send: get('/plain', 'If-Modified-Since: yesterday'),
    status: [200],
    body,
  },
  {
    title: 'If-None-Match wins over If-Modified-Since',
    send: get('/plain', `If-None-Match: ${otherEtag}`, `If-Modified-Since: ${dayAfter}`),
    status: [200],
    body,
  },
  { title: 'If-Match with the ETag', send: get('/plain', `If-Match: ${etag}`), status: [200], body },
  {
    title: 'If-Match with a list',
    send: get('/plain', `If-Match: ${otherEtag}, ${etag}`),
    status: [200],
    body,
  },
  { title: 'If-Match: *', send: get('/plain', 'If-Match: *'), status: [200], body },
  {
    title: 'If-Match with another ETag',
    send: get('/plain', `If-Match: ${otherEtag}`),
    status: [412],
    code: 'PRECONDITION_FAILED',
  },
  { title: 'If-Match with a weak ETag', send: get('/plain', `If-Match: W/${etag}`), status: [412] },
  {
    title: 'If-Match with another ETag, and a range',
    send: get('/plain', 'Range: bytes=0-0', `If-Match: ${otherEtag}`),
    status: [412],
  },
  {
    title: 'If-Match with another ETag on HEAD',
    send: request('HEAD', '/plain', `If-Match: ${otherEtag}`),
    status: [412],
    head: true,
  },
  {
    title: 'If-Unmodified-Since its date',
    send: get('/plain', `If-Unmodified-Since: ${presentDate}`),
    status: [200],
    body,
  },
  {
    title: 'If-Unmodified-Since a day before',
    send: get('/plain', `If-Unmodified-Since: ${dayBefore}`),
    status: [412],
    code: 'PRECONDITION_FAILED',
  },
  {
    title: 'If-Unmodified-Since nonsense',
    send: get('/plain', 'If-Unmodified-Since: yesterday'),
    status: [200],
    body,
  },
  {
    title: 'If-Match wins over If-Unmodified-Since',
    send: get('/plain', `If-Match: ${etag}`, `If-Unmodified-Since: ${dayBefore}`),
    status: [200],
    body,
  },
  {
    title: 'If-Match comes before If-None-Match',
    send: get('/plain', `If-Match: ${otherEtag}`, `If-None-Match: ${etag}`),
    status: [412],
  },
]

const version = (text: string) => `X-Backpack-Version: ${text}`
const writes: readonly CorpusEntry[] = [
  {
    title: 'PUT If-None-Match: * over nothing',
    send: put('/fresh-1', 'x', 'If-None-Match: *'),
    status: [201],
  },
  {
    title: 'PUT If-None-Match: * over a blob',
    send: put('/plain', 'x', 'If-None-Match: *'),
    status: [412],
    code: 'PRECONDITION_FAILED',
  },
  {
    title: 'PUT If-None-Match: * over a deleted blob',
    send: put('/deleted too', 'x', 'If-None-Match: *').replace(' too', '%20too'),
    status: [201],
  },
  {
    title: 'PUT If-None-Match with an ETag',
    send: put('/plain', 'x', `If-None-Match: ${etag}`),
    status: [412],
  },
  {
    title: 'PUT If-Match with another ETag',
    send: put('/plain', 'x', `If-Match: ${otherEtag}`),
    status: [412],
  },
  { title: 'PUT If-Match over nothing', send: put('/nothing', 'x', `If-Match: ${etag}`), status: [412] },
  { title: 'PUT If-Match: * over nothing', send: put('/nothing', 'x', 'If-Match: *'), status: [412] },
  { title: 'PUT If-Match: * over a blob', send: put('/untyped', 'x', 'If-Match: *'), status: [201] },
  {
    title: 'PUT If-Match with the ETag',
    send: put('/a+b', 'x', `If-Match: ${formatEtag(presentVersion, crc32(Buffer.from('a plus b')))}`),
    status: [201],
  },
  {
    title: 'a copy with its version, twice',
    send: put('/copy', 'x', version('0190000000000009')).repeat(2),
    status: [201, 204],
  },
  {
    title: 'a copy that is older',
    send: put('/plain', 'x', version('0000000000000001')),
    status: [409],
    code: 'VERSION_CONFLICT',
    headers: { 'X-Backpack-Version': '0190000000000007' },
  },
  {
    title: 'a version from the future',
    send: put('/copy', 'x', version('ffffffffffffffff')),
    status: [400],
    code: 'VERSION_INVALID',
  },
  ...['', '1', 'zzzzzzzzzzzzzzzz', '019000000000000A', '-190000000000000', '01900000000000070'].map(
    (text) => ({
      title: `version "${text}"`,
      send: put('/copy', 'x', version(text)),
      status: [400],
      code: 'VERSION_INVALID',
    }),
  ),
  { title: 'DELETE of nothing', send: request('DELETE', '/nothing'), status: [404], code: 'NOT_FOUND' },
  {
    title: 'DELETE twice, then GET',
    send: put('/short', 'x') + request('DELETE', '/short').repeat(2) + get('/short'),
    status: [201, 204, 204, 410],
  },
  {
    title: 'DELETE If-Match with another ETag',
    send: request('DELETE', '/plain', `If-Match: ${otherEtag}`),
    status: [412],
  },
  {
    title: 'DELETE with an older version',
    send: request('DELETE', '/plain', version('0000000000000001')),
    status: [409],
  },
  {
    title: 'DELETE with a version, of nothing',
    send: request('DELETE', '/early', version('0190000000000001')),
    status: [204],
  },
]

export const conditionEntries: readonly CorpusEntry[] = [...whole, ...ranges, ...reads, ...writes]
