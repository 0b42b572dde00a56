import { describe, expect, it } from 'vitest'
import { patternBytes } from '../helpers/http-request.js'
import { get, head, partsOf, slice, target, withBlob } from './blob-reads.js'
import { smallGateway } from './small-gateway.js'

describe('ranges', () => {
  it('of which one lies in the blob are one part', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    await withBlob(gateway)
    const cases: [string, string][] = [
      ['bytes=0-0', 'bytes 0-0/1000'],
      ['bytes=990-', 'bytes 990-999/1000'],
      ['bytes=-5', 'bytes 995-999/1000'],
      ['bytes=-5000', 'bytes 0-999/1000'],
      ['bytes=,5-9', 'bytes 5-9/1000'],
      ['bytes=5-9,2000-', 'bytes 5-9/1000'],
      ['bytes=2000-,-5', 'bytes 995-999/1000'],
    ]
    for (const [range, contentRange] of cases) {
      const answer = await get(gateway, target, { Range: range })
      expect([range, answer.status, answer.headers['content-range']]).toEqual([range, 206, contentRange])
      expect(answer.headers['content-type']).toBe('image/jpeg')
      expect(answer.body.equals(slice(contentRange))).toBe(true)
    }
  })

  it('that are several are parts of one answer, in the order in which they were asked for', async () => {
    const gateway = await smallGateway()
    const data = patternBytes(3_000_000)
    await withBlob(gateway, { data })
    const answer = await get(gateway, target, { Range: 'bytes=-10,0-0,5-1500000,2000000-2999000' })
    expect(answer.status).toBe(206)
    expect(answer.headers['content-range']).toBeUndefined()
    expect(answer.headers['etag']).toBeDefined()
    expect(answer.headers['content-length']).toBe(String(answer.body.length))
    const parts = partsOf(answer)
    expect(parts.map(({ range }) => range)).toEqual([
      'bytes 2999990-2999999/3000000',
      'bytes 0-0/3000000',
      'bytes 5-1500000/3000000',
      'bytes 2000000-2999000/3000000',
    ])
    for (const { type, range, data: part } of parts) {
      expect(type).toBe('image/jpeg')
      expect(part.equals(slice(range, data))).toBe(true)
    }
    const again = await get(gateway, target, { Range: 'bytes=0-0,2-2' })
    expect(again.headers['content-type']).not.toBe(answer.headers['content-type'])
  })

  it('that overlap, are more than 16 or of another unit are the whole blob', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    await withBlob(gateway)
    const many = Array.from({ length: 17 }, (_, at) => `${at * 2}-${at * 2}`).join(',')
    for (const range of ['bytes=0-5,5-6', 'bytes=0-,-1', `bytes=${many}`, 'pages=1-2']) {
      const answer = await get(gateway, target, { Range: range })
      expect([range, answer.status, answer.body.length]).toEqual([range, 200, 1000])
    }
  })

  it('that are none, or of which none lies in the blob, are 416', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    await withBlob(gateway)
    for (const range of [
      'bytes=1000-',
      'bytes=-0',
      'bytes=1000-,2000-3000',
      'bytes=-0,5000-',
      'bytes=5-2',
      'bytes=1',
      'x',
    ]) {
      const answer = await get(gateway, target, { Range: range })
      expect([range, answer.status, answer.headers['content-range']]).toEqual([range, 416, 'bytes */1000'])
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    }
  })

  it('only count while If-Range holds', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    await withBlob(gateway)
    const { etag = '', 'last-modified': modified = '' } = (await head(gateway, target)).headers
    for (const range of ['bytes=0-1', 'bytes=0-1,5-6']) {
      const statusWith = async (ifRange: string) =>
        (await get(gateway, target, { Range: range, 'If-Range': ifRange })).status
      expect(await statusWith(etag)).toBe(206)
      expect(await statusWith(modified)).toBe(206)
      expect(await statusWith(`W/${etag}`)).toBe(200)
      expect(await statusWith('"another"')).toBe(200)
      expect(await statusWith('Tue, 14 Nov 2023 22:13:21 GMT')).toBe(200)
    }
  })
})

describe('offset and size', () => {
  it('override Range and If-Range', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    await withBlob(gateway)
    const cases: [string, string][] = [
      ['?offset=990', 'bytes 990-999/1000'],
      ['?size=10', 'bytes 0-9/1000'],
      ['?offset=5&size=10', 'bytes 5-14/1000'],
      ['?offset=5&size=0', 'bytes 5-999/1000'],
      ['?offset=999&size=1', 'bytes 999-999/1000'],
    ]
    for (const [query, range] of cases) {
      const headers = { Range: 'bytes=0-1,3-4', 'If-Range': '"another"' }
      const answer = await get(gateway, target + query, headers)
      expect([query, answer.status, answer.headers['content-range']]).toEqual([query, 206, range])
      expect(answer.body.equals(slice(range))).toBe(true)
    }
  })
  it('out of the blob are 416, and what is no number 400', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    await withBlob(gateway)
    for (const query of ['?offset=1000', '?offset=999&size=2', '?size=1001', '?offset=2000&size=1']) {
      const answer = await get(gateway, target + query)
      expect([query, answer.status, answer.headers['content-range']]).toEqual([query, 416, 'bytes */1000'])
    }
    for (const query of ['?offset=', '?offset=-1', '?size=x', '?offset=1&size=1e3']) {
      expect([query, (await get(gateway, target + query)).status]).toEqual([query, 400])
      expect([query, (await head(gateway, target + query)).status]).toEqual([query, 400])
    }
  })
})
