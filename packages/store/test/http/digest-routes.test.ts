// The digests over HTTP: what the nodes of a shard ask each other.
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../src/index.js'
import { runDaemon, until } from '../helpers/daemon.js'
import { get } from './corpus-request.js'

const hourMs = 3_600_000
const version = (hour: number) => BigInt(hour * hourMs) << 16n

async function lines(response: Response): Promise<unknown[]> {
  expect(response.status).toBe(200)
  expect(response.headers.get('Content-Type')).toBe('application/x-ndjson')
  const text = await response.text()
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]))
}

describe('GET /-/digest', () => {
  test('gives a line per bucket, and a listing a line per needle', async () => {
    const { url, store } = await runDaemon()
    await store.put('pets/cat.jpg', Buffer.from('meow'), { version: version(450_000) })
    await store.put('a', Buffer.from('a'), { version: version(450_001) })
    await store.delete('"quoted"\u{1f408}', { version: version(450_001) })
    const before = `before=${450_002 * hourMs}`
    const sum = expect.stringMatching(/^[0-9a-f]{16}$/) as string
    const none = { count: 0, sum: '0000000000000000' }
    expect(await lines(await fetch(`${url}-/digest?${before}`))).toEqual([
      { bucket: '450000-7', live: { count: 1, sum }, tombstones: none },
      { bucket: '450001-0', live: none, tombstones: { count: 1, sum } },
      { bucket: '450001-3', live: { count: 1, sum }, tombstones: none },
    ])
    const cat = { name: 'pets/cat.jpg', checksum: '8a106afe', version: '01792f8648000000', tombstone: false }
    expect(await lines(await fetch(`${url}-/digest/450000-7?${before}`))).toEqual([cat])
    expect(await lines(await fetch(`${url}-/digest/450000-8?${before}`))).toEqual([])
    const range = await lines(await fetch(`${url}-/digest/450000-0?${before}&to=450001-15`))
    expect(range).toHaveLength(3)
    expect(range).toContainEqual(expect.objectContaining({ name: '"quoted"\u{1f408}', tombstone: true }))
    expect(await lines(await fetch(`${url}-/digest?before=0`))).toEqual([])
  })

  test('many lines arrive whole', async () => {
    const { url, store } = await runDaemon()
    const name = (number: number) => `${number}-${'n'.repeat(500)}`
    const numbers = Array.from({ length: 2000 }, (_, number) => number)
    await Promise.all(numbers.map((number) => store.put(name(number), Buffer.from('x'))))
    const listed = await lines(await fetch(`${url}-/digest/0-0?to=99999999-15&before=${Date.now() + 60_000}`))
    expect(new Set(listed.map((entry) => (entry as { name: string }).name))).toEqual(
      new Set(numbers.map(name)),
    )
    const inParts: unknown[] = []
    for (const part of [0, 1]) {
      const target = `-/digest/0-0?to=99999999-15&before=9999999999999&part=${part}&parts=2`
      inParts.push(...(await lines(await fetch(url + target))))
    }
    expect(inParts).toHaveLength(2000)
  })

  test.each([
    ['digest', 'before'],
    ['digest?before=', 'before'],
    ['digest?before=yesterday', 'before'],
    ['digest?before=-1', 'before'],
    ['digest?before=1&before=2', 'before'],
    ['digest?before=1&after=2', 'after'],
    ['digest/1-16?before=1', '1-16'],
    ['digest/a?before=1', 'no bucket'],
    ['digest/1-1?before=1&to=1', 'no bucket'],
    ['digest/1-1?before=1&part=2&parts=2', 'part'],
    ['digest/1-1?before=1&parts=0', 'parts'],
    ['digest/1-1?before=1&parts=65537', 'parts'],
  ])('%s is a bad request that says why', async (target, why) => {
    const { url } = await runDaemon()
    const response = await fetch(`${url}-/${target}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      code: 'INVALID_OPTIONS',
      error: expect.stringContaining(why) as string,
    })
  })

  test('behind another digest that is not read it is busy, and served once that reader is gone', async () => {
    const { url, port, store } = await runDaemon()
    const name = (number: number) => `${number}-${'n'.repeat(1000)}`
    await Promise.all(Array.from({ length: 8000 }, (_, number) => store.put(name(number), Buffer.from('x'))))
    const reader = connect(port, '127.0.0.1')
    reader.write(get('/-/digest/0-0?to=99999999-15&before=9999999999999'))
    await once(reader, 'readable')
    const busy = await fetch(`${url}-/digest?before=1`)
    expect(busy.status).toBe(503)
    expect(busy.headers.get('Retry-After')).toBe('1')
    expect(await busy.json()).toMatchObject({ code: 'STORE_BUSY' })
    reader.destroy()
    await until(async () => (await fetch(`${url}-/digest?before=1`)).ok, 'the digest is served again')
  })

  test('that fails on the way ends its connection, so that nobody takes half of it for the whole', async () => {
    const { url, store } = await runDaemon()
    await store.put('a', Buffer.from('a'))
    store.digestBucket = async function* () {
      yield [{ name: 'a', version: '0', checksum: '0', tombstone: false }]
      await new Promise(setImmediate)
      throw new StoreError('READ_FAILED', 'The disk is gone')
    }
    const response = await fetch(`${url}-/digest/1-1?before=1`)
    await expect(response.text()).rejects.toThrow()
  })

  test('that takes long sends empty lines meanwhile', async () => {
    const { url, store } = await runDaemon()
    let go: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      go = resolve
    })
    const none = { count: 0, sum: '0000000000000000' }
    store.digest = async function* () {
      await released
      yield { bucket: '1-1', live: none, tombstones: none }
    }
    const response = await fetch(`${url}-/digest?before=1`)
    const reader = response.body!.getReader()
    expect(Buffer.from((await reader.read()).value).toString()).toMatch(/^\n+$/)
    go()
    let rest = ''
    for (let read = await reader.read(); !read.done; read = await reader.read())
      rest += Buffer.from(read.value).toString()
    expect(rest.trimStart()).toBe(`${JSON.stringify({ bucket: '1-1', live: none, tombstones: none })}\n`)
  })
})
