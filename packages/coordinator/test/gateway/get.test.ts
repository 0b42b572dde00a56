import { describe, expect, it } from 'vitest'
import { orderNodes } from '../../src/node-order.js'
import { patternBytes } from '../helpers/http-request.js'
import { RawConnection } from '../helpers/raw-http.js'
import { bytes, get, head, name, partsOf, target, withBlob } from './blob-reads.js'
import { type SmallGateway, smallGateway } from './small-gateway.js'

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
