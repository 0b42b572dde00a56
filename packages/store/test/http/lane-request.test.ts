import { expect, test } from 'vitest'
import { LaneRequest } from '../../src/http/lane-request.js'
import { get } from './corpus-request.js'

const whole = Buffer.from(get('/some%20name', 'Accept: */*', 'User-Agent: test'), 'latin1')

function nameIn(request: LaneRequest): string {
  return request.name.toString('utf8', request.nameStart, request.nameEnd)
}

test('a whole request is taken and its name is decoded', () => {
  const request = new LaneRequest()
  expect(request.parse(whole)).toBe(true)
  expect(nameIn(request)).toBe('some name')
  expect(request.method).toBe('GET')
})

test('no part of a request is taken, neither by a new parser nor by one that knows its headers', () => {
  const knowing = new LaneRequest()
  knowing.parse(whole)
  for (let end = 0; end < whole.length; end++) {
    const part = whole.subarray(0, end)
    expect(new LaneRequest().parse(part), `${end} bytes`).toBe(false)
    expect(knowing.parse(part), `${end} bytes`).toBe(false)
  }
})

test('a byte more than a request is not taken', () => {
  const knowing = new LaneRequest()
  knowing.parse(whole)
  for (const more of ['G', '\r', '\r\n', get('/x')]) {
    const bytes = Buffer.concat([whole, Buffer.from(more, 'latin1')])
    expect(new LaneRequest().parse(bytes)).toBe(false)
    expect(knowing.parse(bytes)).toBe(false)
  }
})

test('any flipped byte of a request leaves it as harmless as it was, or is not taken', () => {
  for (let at = 0; at < whole.length; at++) {
    for (const flip of [0x01, 0x20, 0x80]) {
      const bytes = Buffer.from(whole)
      bytes[at] = (bytes[at] as number) ^ flip
      if (!new LaneRequest().parse(bytes)) continue
      const text = bytes.toString('latin1')
      expect(text).toMatch(
        /^GET \/[!-~]+ HTTP\/1\.1\r\nhost:[^\r\n]*\r\naccept:[^\r\n]*\r\nuser-agent:[^\r\n]*\r\n\r\n$/i,
      )
    }
  }
})
