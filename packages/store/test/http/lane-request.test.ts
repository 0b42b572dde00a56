import { describe, expect, test } from 'vitest'
import { LaneRequest } from '../../src/http/lane-request.js'
import { get, put, request } from './corpus-request.js'

const headers = ['Accept: */*', 'User-Agent: test']
const line = (pattern: string) => `${pattern}[^\\r\\n]*\\r\\n`
const wholes = [
  {
    method: 'GET',
    whole: get('/some%20name', ...headers),
    harmless: `^GET /[!-~]+ HTTP/1\\.1\\r\\n${line('host:')}${line('accept:')}${line('user-agent:')}\\r\\n$`,
  },
  {
    method: 'HEAD',
    whole: request('HEAD', '/some%20name', ...headers),
    harmless: `^HEAD /[!-~]+ HTTP/1\\.1\\r\\n${line('host:')}${line('accept:')}${line('user-agent:')}\\r\\n$`,
  },
  {
    method: 'PUT',
    whole: put('/some%20name', 'four', 'Content-Type: image/png'),
    harmless: `^PUT /[!-~]+ HTTP/1\\.1\\r\\n${line('host:')}content-length: *4[ \\t]*\\r\\n${line('content-type:')}\\r\\n[^]{4}$`,
  },
].map(({ method, whole, harmless }) => ({
  method,
  whole: Buffer.from(whole, 'latin1'),
  harmless: new RegExp(harmless, 'i'),
}))

describe.each(wholes)('a $method', ({ method, whole, harmless }) => {
  test('that is whole is taken and its name is decoded', () => {
    const parser = new LaneRequest()
    expect(parser.parse(whole)).toBe(true)
    expect(parser.nameText()).toBe('some name')
    expect(parser.method).toBe(method)
    expect(whole.toString('latin1', parser.bodyStart)).toBe(method === 'PUT' ? 'four' : '')
    expect(parser.contentType).toBe(method === 'PUT' ? 'image/png' : '')
  })

  test('of which a part came is not taken, neither by a new parser nor by one that knows its headers', () => {
    const knowing = new LaneRequest()
    knowing.parse(whole)
    for (let end = 0; end < whole.length; end++) {
      const part = whole.subarray(0, end)
      expect(new LaneRequest().parse(part), `${end} bytes`).toBe(false)
      expect(knowing.parse(part), `${end} bytes`).toBe(false)
    }
  })

  test('with more behind it is not taken', () => {
    const knowing = new LaneRequest()
    knowing.parse(whole)
    for (const more of ['G', '\r', '\r\n', get('/x')]) {
      const bytes = Buffer.concat([whole, Buffer.from(more, 'latin1')])
      expect(new LaneRequest().parse(bytes)).toBe(false)
      expect(knowing.parse(bytes)).toBe(false)
    }
  })

  test('with any flipped byte is as harmless as it was, or is not taken', () => {
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [0x01, 0x02, 0x20, 0x80]) {
        const bytes = Buffer.from(whole)
        bytes[at] = (bytes[at] as number) ^ flip
        if (new LaneRequest().parse(bytes)) expect(bytes.toString('latin1')).toMatch(harmless)
      }
    }
  })
})
