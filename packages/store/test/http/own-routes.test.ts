// What the daemon says of itself: metrics, liveness, readiness, the 2013 /stats.
import { describe, expect, test } from 'vitest'
import { lanes, runDaemon } from '../helpers/daemon.js'
import { headerOf, requestOnce } from '../helpers/raw-http.js'
import { get, put, request } from './corpus-request.js'

/** Reads Prometheus's text format (version 0.0.4) strictly: metric with labels → value. */
function parseMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  const typed = new Set<string>()
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.trimEnd().split('\n')) {
    if (line === '') continue
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (type !== null) {
      expect(typed.has(type[1]!), `${type[1]} is typed once`).toBe(false)
      typed.add(type[1]!)
      continue
    }
    if (/^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* .+$/.test(line)) continue
    const sample =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)((?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})?) (N[aA][nN]|[+-]Inf|[-+.\deE]+)$/.exec(
        line,
      )
    expect(sample, line).not.toBeNull()
    const family = sample![1]!.replace(/_(bucket|sum|count)$/, '')
    expect(typed.has(sample![1]!) || typed.has(family), `${sample![1]} has a type`).toBe(true)
    expect(samples.has(sample![1]! + sample![2]!), `${line} comes once`).toBe(false)
    samples.set(sample![1]! + sample![2]!, Number(sample![3]))
  }
  return samples
}

async function metrics(port: number): Promise<Map<string, number>> {
  const answer = await requestOnce(port, get('/-/metrics'))
  expect(answer.status).toBe(200)
  expect(headerOf(answer, 'Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return parseMetrics(answer.body.toString())
}

describe.each(lanes)('through the $lane', ({ fastLane }) => {
  test('metrics are Prometheus text and move with what happens', async () => {
    const { port } = await runDaemon({ fastLane })
    const before = await metrics(port)
    await requestOnce(port, put('/a', 'hello'))
    await requestOnce(port, put('/b', 'world!'))
    for (let count = 0; count < 3; count++) await requestOnce(port, get('/a'))
    await requestOnce(port, request('HEAD', '/a'), { head: true })
    await requestOnce(port, get('/nothing'))
    await requestOnce(port, request('DELETE', '/b'))
    const after = await metrics(port)
    const moved = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    expect(moved('backpack_requests_total{method="PUT",status="201"}')).toBe(2)
    expect(moved('backpack_requests_total{method="GET",status="404"}')).toBe(1)
    expect(moved('backpack_requests_total{method="HEAD",status="200"}')).toBe(1)
    expect(moved('backpack_requests_total{method="DELETE",status="204"}')).toBe(1)
    // Three blobs and the first scrape.
    expect(moved('backpack_requests_total{method="GET",status="200"}')).toBe(4)
    expect(moved('backpack_get_bytes')).toBe(15)
    expect(moved('backpack_put_bytes')).toBe(11)
    expect(moved('backpack_deletes')).toBe(1)
    expect(moved('backpack_names')).toBe(2)
    expect(moved('backpack_used_bytes')).toBeGreaterThan(0)
    expect(after.get('backpack_ready')).toBe(1)
    expect(after.get('backpack_connections')).toBeGreaterThan(0)
  })

  test('/stats has the shape of 2013', async () => {
    const { port } = await runDaemon({ fastLane })
    const empty = await requestOnce(port, get('/stats'))
    const nothing = { count: 0, bytes: 0, avg: 0 }
    expect(JSON.parse(empty.body.toString())).toEqual({ gets: nothing, puts: nothing })
    await requestOnce(port, put('/a', 'hello'))
    await requestOnce(port, get('/a'))
    await requestOnce(port, get('/a', 'Range: bytes=0-0'))
    const used = await requestOnce(port, get('/stats'))
    expect(headerOf(used, 'Content-Type')).toContain('application/json')
    const avg = expect.any(Number) as number
    expect(JSON.parse(used.body.toString())).toEqual({
      gets: { count: 2, bytes: 6, avg },
      puts: { count: 1, bytes: 5, avg },
    })
  })

  test('a live daemon with an open store is live and ready; with a closed one it is only live', async () => {
    const { port, store } = await runDaemon({ fastLane })
    expect((await requestOnce(port, get('/-/live'))).status).toBe(200)
    expect((await requestOnce(port, get('/-/ready'))).status).toBe(200)
    await store.close()
    expect((await requestOnce(port, get('/-/live'))).status).toBe(200)
    const answer = await requestOnce(port, get('/-/ready'))
    expect(answer.status).toBe(503)
    expect(headerOf(answer, 'Retry-After')).toBe('1')
    expect((await requestOnce(port, get('/a'))).status).toBe(503)
  })

  test('/-/stats tells what the store is made of', async () => {
    const { port, store } = await runDaemon({ fastLane })
    await store.put('a', Buffer.from('hello'))
    const answer = await requestOnce(port, get('/-/stats'))
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      durability: 'sync',
      keyMap: { kind: 'table', names: 1 },
      volumes: [{ id: 1, sealed: false, writable: true, damagedRegions: 0 }],
      recovery: [],
    })
  })
})
