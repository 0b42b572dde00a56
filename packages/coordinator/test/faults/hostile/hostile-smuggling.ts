// Requests with another one inside that a server would see only by framing them wrongly, or differently from a proxy in
// front of it (RFC 9112, 6.3 and 11.2).
import type { SeededRandom } from '../../helpers/seeded-random.js'

export interface SmugglingParts {
  /** A whole request that must not be answered. */
  readonly inner: string
  /** A whole signed upload: its head is used. */
  readonly outer: string
}

/** What stands in the place of Content-Length, where the body is 4 bytes and the rest is the inner request. */
const falseLengths = [
  'Content-Length: +4',
  'Content-Length: -4',
  'Content-Length: 0x4',
  'Content-Length: 4.0',
  'Content-Length: 4e0',
  'Content-Length: 4 4',
  'Content-Length: 4,4',
  'Content-Length: 4;4',
  'Content-Length: 4\u0000',
  'Content-Length: \u000b4',
  'Content-Length: "4"',
  'Content-Length: 99999999999999999999',
  'Content-Length : 4',
  'Content-Length\u0000: 4',
  'Content-Length: 4\r\nContent-Length: %',
  'Content-Length: %\r\nContent-Length: 4',
  'Content-Length: 4, %',
] as const

/** Beside a Content-Length of everything: the body ends at once for whoever goes by these. */
const chunkedBeside = [
  'Transfer-Encoding: chunked',
  'transfer-encoding: CHUNKED',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: \u000bchunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
  'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding: chunked\u0000',
  'Transfer-Encoding:\r\n chunked',
  'X-A: b\r\n Transfer-Encoding: chunked',
  'X-A: b\nTransfer-Encoding: chunked',
  'X-A: b\rTransfer-Encoding: chunked',
  'Transfer-Encoding\r\n: chunked',
  'Transfer-Encoding: chun\u00a0ked',
  '\u00a0Transfer-Encoding: chunked',
  'Transfer_Encoding: chunked',
] as const

/** What is not answered by storing a body: the body must be read, or end the connection. */
const bodiless = [
  'GET /get/1/victim',
  'HEAD /get/1/victim',
  'GET /hello.txt',
  'GET /nothing',
  'POST /ping',
  'DELETE /get/1/victim',
  'PATCH /upload/1/x',
  'OPTIONS *',
  'POST /upload/1/x',
  'PUT /nobucket_upload/x',
  'POST /delete/1/x',
  'POST /bulk_delete/1',
  'POST /update_local_config',
  'GET /stat/',
  'GET /%zz',
  'GET /1:victim',
  'HEAD /1:victim',
  'PUT /x',
  'DELETE /1:victim',
  'POST /-/queue/retry',
  'GET /-/live',
  'POST /1:victim',
  'GET //host/x',
] as const

export function smuggled(random: SeededRandom, { inner, outer }: SmugglingParts): string {
  const [head = ''] = outer.split('\r\nContent-Length:')
  const whole = (headers: string, body: string) => `${head}\r\n${headers}\r\n\r\n${body}`
  return random.pick<() => string>([
    () => {
      const body = `meow${inner}`
      return whole(random.pick(falseLengths).replace('%', String(body.length)), body)
    },
    () => {
      const body = `0\r\n\r\n${inner}`
      const headers = [`Content-Length: ${body.length}`, random.pick(chunkedBeside)]
      return whole((random.chance(0.5) ? headers : headers.reverse()).join('\r\n'), body)
    },
    () => {
      const body = inner + 'x'.repeat(random.pick([0, 0, 70_000]))
      const expect = random.chance(0.3) ? '\r\nExpect: 100-continue' : ''
      return `${random.pick(bodiless)} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}${expect}\r\n\r\n${body}`
    },
    () => {
      const body = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`
      return `${random.pick(bodiless)} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`
    },
    // A tunnel: what follows is not HTTP.
    () => `CONNECT photos:80 HTTP/1.1\r\nHost: photos:80\r\n\r\n${inner}`,
    // What follows an end of the connection is not looked at.
    () => `GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${inner}`,
    () => `GET /1:x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${inner}`,
    () => `GET /1:x HTTP/1.1\r\nno colon\r\n\r\n${inner}`,
    () => `GET /ping HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(20_000)}\r\n\r\n${inner}`,
  ])()
}
