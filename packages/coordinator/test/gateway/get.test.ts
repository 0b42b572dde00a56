import { describe, expect, it } from 'vitest'
import { orderNodes } from '../../src/node-order.js'
import { type Answer, patternBytes, send } from '../helpers/http-request.js'
import { RawConnection } from '../helpers/raw-http.js'
import { type SmallGateway, smallGateway } from './small-gateway.js'

const name = 'a b/c?d%2F.jpg'
const target = '/get/1/a%20b/c%3Fd%252F.jpg'
const bytes = patternBytes(1_000)

interface BlobToPut {
  readonly key?: string
  readonly data?: Buffer
  /** '': none. */
  readonly contentType?: string
}

async function withBlob(
  gateway: SmallGateway,
  { key = name, data = bytes, contentType = 'image/jpeg' }: BlobToPut = {},
) {
  for (const node of gateway.nodes.values()) {
    await node.store.put(key, data, { contentType, version: 0x018b_cfe5_6800_0001n })
  }
}

const get = ({ gatewayPort }: SmallGateway, path: string, headers: Record<string, string> = {}) =>
  send(gatewayPort, 'GET', path, { headers })
const head = ({ gatewayPort }: SmallGateway, path: string, headers: Record<string, string> = {}) =>
  send(gatewayPort, 'HEAD', path, { headers })

describe('GET of a blob', () => {
  it('gives it with the headers of its store and those configured, and HEAD the same without a body', async () => {
    const gateway = await smallGateway({ proxy: { headers: { 'X-Ours': 'yes' } } })
    await withBlob(gateway)
    const whole = await get(gateway, target)
    expect(whole.status).toBe(200)
    expect(whole.body.equals(bytes)).toBe(true)
    expect(whole.headers).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'last-modified': 'Tue, 14 Nov 2023 22:13:20 GMT',
      'x-content-type-options': 'nosniff',
      'x-ours': 'yes',
    })
    const asked = await head(gateway, target, { Range: 'bytes=0-1,5-6' })
    expect(asked.status).toBe(200)
    expect(asked.body).toHaveLength(0)
    const { date: _, ...headers } = whole.headers
    expect(asked.headers).toMatchObject(headers)
  })

  it('keeps the connection for the next request', async () => {
    const gateway = await smallGateway()
    await withBlob(gateway)
    const connection = await RawConnection.open(gateway.gatewayPort)
    for (const range of ['bytes=0-9', 'bytes=0-9,20-29', 'bytes=2000-']) {
      connection.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nRange: ${range}\r\n\r\n`)
      expect((await connection.read())?.status).toBe(range === 'bytes=2000-' ? 416 : 206)
    }
    connection.close()
  })

  it('of what is not there, deleted or no name is refused in plain text', async () => {
    const gateway = await smallGateway()
    await withBlob(gateway)
    await gateway.node('11').store.delete(name)
    await gateway.node('12').store.delete(name)
    const refusals: [string, number][] = [
      [target, 404],
      ['/get/1/nothing', 404],
      ['/get/9/nothing', 400],
      ['/get/1/', 400],
      ['/get/1', 400],
      ['/get/1/%ff', 400],
      ['/get/1/-/live', 400],
      [`/get/1/${'x'.repeat(1025)}`, 414],
    ]
    for (const [path, status] of refusals) {
      const answer = await get(gateway, path)
      expect([path, answer.status]).toEqual([path, status])
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
      expect((await head(gateway, path)).status).toBe(status)
    }
  })

  it('goes to the next node when one is away, and is 503 when all are', async () => {
    const gateway = await smallGateway()
    await withBlob(gateway)
    const [first, second] = orderNodes(
      [...gateway.coordinator.snapshot.shards.get('1')!.nodes],
      name,
      () => true,
    ).map(({ id }) => gateway.node(id))
    await first!.stop()
    for (const range of [undefined, 'bytes=1-2', 'bytes=1-2,5-6']) {
      const answer = await get(gateway, target, range === undefined ? {} : { Range: range })
      expect(answer.status).toBe(range === undefined ? 200 : 206)
    }
    await second!.stop()
    for (const range of [undefined, 'bytes=1-2', 'bytes=1-2,5-6']) {
      const answer = await get(gateway, target, range === undefined ? {} : { Range: range })
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toBe('1')
    }
    expect((await head(gateway, target)).status).toBe(503)
  })
})

describe('stores that refuse unsigned reads', () => {
  it('serve the gateway that has the secret of the cluster', async () => {
    const clusterSecret = 'the secret of the daemons'
    const gateway = await smallGateway({
      options: { clusterSecret },
      daemonOptions: { clusterSecret, refuseUnsignedReads: true },
    })
    await withBlob(gateway)
    await withBlob(gateway, { key: 'unknown', contentType: '' })
    expect((await get(gateway, target)).body.equals(bytes)).toBe(true)
    const several = await get(gateway, '/get/1/unknown', { Range: 'bytes=1-2,5-6' })
    expect(partsOf(several).map(({ range }) => range)).toEqual(['bytes 1-2/1000', 'bytes 5-6/1000'])
    expect((await head(gateway, target)).status).toBe(200)
  })
})

/** What a Content-Range says. */
function slice(contentRange: string, data = bytes): Buffer {
  const [, start, end] = /(\d+)-(\d+)/.exec(contentRange) ?? []
  return data.subarray(Number(start), Number(end) + 1)
}

/** The parts of a multipart/byteranges body: what each says of itself, and its bytes. */
function partsOf({ headers, body }: Answer): { type: string; range: string; data: Buffer }[] {
  const boundary = /^multipart\/byteranges; boundary=([0-9a-f]{32})$/.exec(headers['content-type'] ?? '')?.[1]
  const text = body.toString('latin1')
  expect(text.startsWith(`--${boundary}\r\n`)).toBe(true)
  expect(text.endsWith(`\r\n--${boundary}--\r\n`)).toBe(true)
  return `\r\n${text}`
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const end = part.indexOf('\r\n\r\n')
      const [, type = '', range = ''] =
        /^\r\nContent-Type: (.*)\r\nContent-Range: (.*)$/.exec(part.slice(0, end)) ?? []
      return { type, range, data: Buffer.from(part.slice(end + 4), 'latin1') }
    })
}

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

  it('that overlap, are more than 16 or nonsense are the whole blob', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    await withBlob(gateway)
    const many = Array.from({ length: 17 }, (_, at) => `${at * 2}-${at * 2}`).join(',')
    for (const range of [
      'bytes=0-5,5-6',
      'bytes=0-,-1',
      `bytes=${many}`,
      'bytes=5-2',
      'bytes=1',
      'pages=1-2',
    ]) {
      const answer = await get(gateway, target, { Range: range })
      expect([range, answer.status, answer.body.length]).toEqual([range, 200, 1000])
    }
  })

  it('of which none lies in the blob are 416', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    await withBlob(gateway)
    for (const range of ['bytes=1000-', 'bytes=-0', 'bytes=1000-,2000-3000', 'bytes=-0,5000-']) {
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

describe('conditions', () => {
  it('are those of RFC 9110, for one range, several and none', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    await withBlob(gateway)
    const { etag = '', 'last-modified': modified = '' } = (await head(gateway, target)).headers
    const earlier = 'Tue, 14 Nov 2023 22:13:19 GMT'
    const cases: [Record<string, string>, number | undefined][] = [
      [{ 'If-None-Match': etag }, 304],
      [{ 'If-None-Match': `"another", W/${etag}` }, 304],
      [{ 'If-None-Match': '"another"', 'If-Modified-Since': modified }, undefined],
      [{ 'If-Modified-Since': modified }, 304],
      [{ 'If-Modified-Since': earlier }, undefined],
      [{ 'If-Match': etag }, undefined],
      [{ 'If-Match': '"another"' }, 412],
      [{ 'If-Unmodified-Since': modified }, undefined],
      [{ 'If-Unmodified-Since': earlier }, 412],
    ]
    for (const [headers, status] of cases) {
      for (const range of [undefined, 'bytes=0-1', 'bytes=0-1,5-6']) {
        const asked = range === undefined ? headers : { ...headers, Range: range }
        const answer = await get(gateway, target, asked)
        const otherwise = range === undefined ? 200 : 206
        expect([asked, answer.status]).toEqual([asked, status ?? otherwise])
        if (answer.status === 304) {
          expect(answer.headers['etag']).toBe(etag)
          expect(answer.headers['content-type']).toBeUndefined()
          expect(answer.body).toHaveLength(0)
        }
        if (answer.status === 412) expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
      }
      expect((await head(gateway, target, headers)).status).toBe(status ?? 200)
    }
  })
})

describe('the content type', () => {
  const jpeg = Buffer.concat([
    Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'),
    patternBytes(9_000),
  ])
  const small = jpeg.subarray(0, 100)

  async function typesOf(gateway: SmallGateway, key: string): Promise<unknown[]> {
    const path = `/get/1/${key}`
    const several = partsOf(await get(gateway, path, { Range: 'bytes=3-4,50-60' })).map(({ type }) => type)
    const answers = await Promise.all([
      get(gateway, path),
      head(gateway, path),
      get(gateway, path, { Range: 'bytes=0-' }),
      get(gateway, path, { Range: 'bytes=0-9' }),
      get(gateway, path, { Range: 'bytes=7-' }),
      get(gateway, `${path}?offset=9`),
    ])
    for (const { headers } of answers) expect(headers['x-content-type-options']).toBe('nosniff')
    return [...new Set([...answers.map(({ headers }) => headers['content-type']), ...several])]
  }

  it('is the configured, the stored, the extension’s or that of the first bytes, for every kind of read', async () => {
    const gateway = await smallGateway({
      nodesPerShard: [1],
      proxy: { 'content-types': { mp3: 'audio/configured' } },
    })
    const unknown = 'application/octet-stream'
    const cases: { key: string; data: Buffer; stored: string; type: string }[] = [
      { key: 'a.mp3', data: jpeg, stored: 'image/png', type: 'audio/configured' },
      { key: 'b.gif', data: jpeg, stored: 'image/png', type: 'image/png' },
      { key: 'c.gif', data: jpeg, stored: unknown, type: 'image/gif' },
      { key: 'd', data: jpeg, stored: unknown, type: 'image/jpeg' },
      { key: 'e', data: small, stored: '', type: 'image/jpeg' },
      { key: 'f', data: Buffer.from(`<!doctype html><script>${'x'.repeat(100)}`), stored: '', type: unknown },
      { key: 'g', data: patternBytes(200_000), stored: '', type: unknown },
    ]
    for (const { key, data, stored } of cases) await withBlob(gateway, { key, data, contentType: stored })
    for (const { key, data, type } of cases) {
      expect([key, await typesOf(gateway, key)]).toEqual([key, [type]])
      expect((await get(gateway, `/get/1/${key}`)).body.equals(data)).toBe(true)
    }
  })
})
