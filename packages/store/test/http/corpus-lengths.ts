// Bodies and their announced lengths.
import { bare, get, host, put, request } from './corpus-request.js'
import type { CorpusEntry } from './corpus.js'

const chunked = 'Transfer-Encoding: chunked'
const chunks = '4\r\ndata\r\n0\r\n\r\n'

function announcing(length: string, body: string, ...headers: string[]): string {
  return request('PUT', '/length', `Content-Length: ${length}`, ...headers) + body
}

const missing: readonly CorpusEntry[] = [
  { title: 'no length', send: request('PUT', '/length'), status: [411], code: 'LENGTH_REQUIRED' },
  { title: 'length 0', send: announcing('0', ''), status: [411], code: 'LENGTH_REQUIRED' },
  { title: 'length 000', send: announcing('000', ''), status: [411], code: 'LENGTH_REQUIRED' },
  {
    title: 'a chunked PUT',
    send: request('PUT', '/length', chunked) + chunks,
    status: [411],
    code: 'LENGTH_REQUIRED',
    closes: true,
  },
  { title: 'a chunked GET', send: get('/plain', chunked) + chunks, status: [200], body: 'hello, world' },
  {
    title: 'a GET with a body',
    send: get('/plain', 'Content-Length: 4') + 'data',
    status: [200],
    body: 'hello, world',
  },
  {
    title: 'a DELETE with a body',
    send: request('DELETE', '/nothing', 'Content-Length: 4') + 'data',
    status: [404],
  },
  {
    title: 'a length and chunks',
    send: request('PUT', '/length', 'Content-Length: 4', chunked) + chunks,
    status: [400],
    closes: true,
  },
  {
    title: 'chunks and a length',
    send: request('PUT', '/length', chunked, 'Content-Length: 4') + chunks,
    status: [400],
    closes: true,
  },
  {
    title: 'an encoding nobody knows',
    send: request('PUT', '/length', 'Transfer-Encoding: frob') + chunks,
    status: [400],
    closes: true,
  },
]

const wrong: readonly CorpusEntry[] = [
  { title: 'length -1', send: announcing('-1', 'd'), status: [400], closes: true },
  { title: 'length +4', send: announcing('+4', 'data'), status: [400], closes: true },
  { title: 'length 0x4', send: announcing('0x4', 'data'), status: [400], closes: true },
  { title: 'length 4.0', send: announcing('4.0', 'data'), status: [400], closes: true },
  { title: 'length "four"', send: announcing('four', 'data'), status: [400], closes: true },
  {
    title: 'a length behind a no-break space',
    send: announcing('\xa04', 'data'),
    status: [400],
    closes: true,
  },
  { title: 'an empty length', send: announcing('', 'data'), status: [400], closes: true },
  {
    title: 'the length twice',
    send: announcing('4', 'data', 'Content-Length: 4'),
    status: [400],
    closes: true,
  },
  { title: 'two lengths', send: announcing('4', 'data', 'Content-Length: 5'), status: [400], closes: true },
  { title: 'a list of lengths', send: announcing('4, 4', 'data'), status: [400], closes: true },
  {
    title: 'length 1 GiB + 1',
    send: announcing('1073741825', 'd'),
    status: [413],
    code: 'BLOB_TOO_LARGE',
    closes: true,
  },
  {
    title: 'length 2^53',
    send: announcing('9007199254740992', 'd'),
    status: [413],
    code: 'BLOB_TOO_LARGE',
    closes: true,
  },
  {
    title: 'length 2^63',
    send: announcing('9223372036854775808', 'd'),
    status: [413],
    code: 'BLOB_TOO_LARGE',
    closes: true,
  },
  { title: 'length 2^64', send: announcing('18446744073709551616', 'd'), status: [400], closes: true },
  { title: 'a length of 100 digits', send: announcing('9'.repeat(100), 'd'), status: [400], closes: true },
  { title: 'too long', send: announcing('10', 'data'), status: [400], endsEarly: true, closes: true },
  {
    title: 'too long, large',
    send: announcing('2000000', 'data'),
    status: [400],
    endsEarly: true,
    closes: true,
  },
  { title: 'too short', send: announcing('4', 'data and more\r\n\r\n'), status: [201, 400], closes: true },
  {
    title: 'too short by a request',
    send: announcing('4', `data${get('/length')}`),
    status: [201, 200],
    body: 'data',
  },
  {
    title: 'a length in HTTP/1.0',
    send: `${bare('PUT /length HTTP/1.0', 'Content-Length: 4')}data`,
    status: [201],
    closes: true,
  },
]

const stored: readonly CorpusEntry[] = [
  {
    title: 'a small body of a refused PUT, which is read to its end',
    send: [request('PUT', '/%00', 'Content-Length: 60000'), 'x'.repeat(30_000), 'x'.repeat(30_000)],
    status: [400],
    code: 'NAME_INVALID',
  },
  {
    title: 'a large body of a refused PUT, which ends with its connection',
    send: [request('PUT', '/%00', 'Content-Length: 70000'), 'x'.repeat(30_000)],
    status: [400],
    code: 'NAME_INVALID',
    closes: true,
  },
  {
    title: 'PUT, then GET with its Content-Type',
    send: put('/typed', 'data', 'Content-Type: image/avif; q="1"') + get('/typed'),
    status: [201, 200],
    headers: { 'Content-Type': 'image/avif; q="1"', 'Content-Length': '4' },
    body: 'data',
  },
  {
    title: 'PUT without a Content-Type, then GET',
    send: put('/length', 'data') + get('/length'),
    status: [201, 200],
    headers: { 'Content-Type': 'application/octet-stream' },
    body: 'data',
  },
  {
    title: 'PUT with an empty Content-Type, then GET',
    send: put('/length', 'data', 'Content-Type:') + get('/length'),
    status: [201, 200],
    headers: { 'Content-Type': 'application/octet-stream' },
  },
  {
    title: 'PUT of JSON, which is not parsed',
    send: put('/length', '{', 'Content-Type: application/json') + get('/length'),
    status: [201, 200],
    headers: { 'Content-Type': 'application/json' },
    body: '{',
  },
  {
    title: 'PUT with a Content-Type that is none',
    send: put('/length', 'data', 'Content-Type: photo') + get('/length'),
    status: [201, 200],
    headers: { 'Content-Type': 'application/octet-stream' },
  },
  {
    title: 'PUT of a name with an extension',
    send: put('/guessed.png', 'data') + get('/guessed.png'),
    status: [201, 200],
    headers: { 'Content-Type': 'image/png' },
  },
  {
    title: 'Content-Type of 256 bytes',
    send: put('/length', 'd', `Content-Type: image/${'x'.repeat(250)}`),
    status: [400],
    code: 'CONTENT_TYPE_INVALID',
  },
  {
    title: 'Content-Type in Latin-1',
    send: put('/length', 'd', 'Content-Type: image/jpeg; a=\xe9'),
    status: [400],
    code: 'CONTENT_TYPE_INVALID',
  },
  {
    title: 'PUT of a name of 1,024 bytes, then GET',
    send: put(`/${'m'.repeat(1024)}`, 'data') + get(`/${'m'.repeat(1024)}`),
    status: [201, 200],
    body: 'data',
  },
  { title: 'Expect: 100-continue', send: put('/length', 'data', 'Expect: 100-continue'), status: [100, 201] },
  {
    title: 'Expect: 100-continue, body after the answer',
    send: [announcing('4', '', 'Expect: 100-continue'), 'data'],
    status: [100, 201],
  },
  {
    title: 'Expect: 100-continue of no length',
    send: request('PUT', '/length', 'Expect: 100-continue'),
    status: [411],
    closes: true,
  },
  {
    title: 'Expect: 100-continue of too much',
    send: announcing('1073741825', '', 'Expect: 100-continue'),
    status: [413],
    closes: true,
  },
  {
    title: 'Expect: 100-continue on GET',
    send: get('/plain', 'Expect: 100-continue'),
    status: [200],
    closes: true,
    body: 'hello, world',
  },
  { title: 'Expect: frob', send: announcing('4', 'data', 'Expect: frob'), status: [417], closes: true },
  { title: 'trailing spaces in the length', send: announcing('4  ', 'data'), status: [201] },
  {
    title: 'a PUT to the Host only',
    send: bare('PUT / HTTP/1.1', host, 'Content-Length: 1') + 'd',
    status: [400],
    code: 'NAME_INVALID',
  },
]

export const lengthEntries: readonly CorpusEntry[] = [...missing, ...wrong, ...stored]
