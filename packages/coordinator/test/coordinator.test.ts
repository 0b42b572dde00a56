// The coordinator as a library.
import { FileTree, LocalQueue } from '@backpack/cluster-model'
import { createReadStream, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Coordinator } from '../src/coordinator.js'
import { patternBytes } from './helpers/http-request.js'
import { dueTasks, smallCluster } from './helpers/small-cluster.js'
import { temporaryDirectory } from './helpers/temporary-directory.js'
import { thrownBy } from './helpers/thrown.js'

const name = 'cats/tom ?.jpg'

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

describe('a blob', () => {
  test('put is read, described and deleted by its shard and name', async () => {
    const { coordinator } = await smallCluster()
    const put = await coordinator.put(name, Buffer.from('meow'), { contentType: 'image/webp' })
    expect(put).toEqual({
      shardId: '1',
      version: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      etag: expect.stringMatching(/^"[0-9a-f]{16}-[0-9a-f]{8}"$/) as string,
      copies: 1,
      nodes: [expect.objectContaining({ url: expect.stringMatching(/^http:/) as string })],
    })
    const got = await coordinator.get('1', name)
    expect((await bytesOf(got!.body)).toString()).toBe('meow')
    const { version, etag } = put
    expect(got!.blob).toMatchObject({ version, etag, sizeBytes: 4, contentType: 'image/webp' })
    expect(await coordinator.head('1', name)).toEqual(got!.blob)
    const deleted = await coordinator.delete('1', name)
    expect(deleted.outcome).toBe('deleted')
    expect(await coordinator.get('1', name)).toBeUndefined()
    expect(await coordinator.head('1', name)).toBeUndefined()
  })

  test('that was never there is undefined, and missing to a delete', async () => {
    const { coordinator } = await smallCluster()
    expect(await coordinator.get('1', name)).toBeUndefined()
    expect(await coordinator.head('9', name)).toBeUndefined()
    expect(await coordinator.delete('1', name)).toEqual({ outcome: 'missing' })
  })

  test('is taken from a stream, which may be large', async () => {
    const { coordinator, spoolDirectory } = await smallCluster()
    const path = join(temporaryDirectory(), 'film.mp4')
    const bytes = patternBytes(9_000_000)
    writeFileSync(path, bytes)
    const { shardId } = await coordinator.put('film.mp4', createReadStream(path), { copies: 2 })
    const got = await coordinator.get(shardId, 'film.mp4')
    expect((await bytesOf(got!.body)).equals(bytes)).toBe(true)
    expect(readdirSync(spoolDirectory)).toEqual([])
  })

  test.each([
    ['', 'NAME_INVALID'],
    ['a\ud800', 'NAME_INVALID'],
    ['a\n', 'NAME_INVALID'],
    ['ä'.repeat(513), 'NAME_TOO_LONG'],
  ])('named %j is refused with %s', async (bad, code) => {
    const { coordinator, queue } = await smallCluster()
    for (const work of [
      () => coordinator.put(bad, Buffer.from('x')),
      () => coordinator.get('1', bad),
      () => coordinator.head('1', bad),
      () => coordinator.delete('1', bad),
    ]) {
      expect((await thrownBy(work)).code).toBe(code)
    }
    expect(await dueTasks(queue)).toEqual([])
  })
})

describe('options', () => {
  test('that do not fit are refused all at once', async () => {
    const options = { cluster: { zookeeper: '' }, copies: 0, spool: '/tmp' } as never
    const error = await thrownBy(() => Coordinator.open(options))
    expect(error.code).toBe('INVALID_OPTIONS')
    expect(error.details['problems']).toEqual([
      expect.stringMatching(/^cluster: /),
      expect.stringMatching(/^copies: /),
      expect.stringMatching(/^options: .*spool/),
    ])
  })

  test('may be addresses: what is opened by them is closed with the coordinator', async () => {
    const directory = temporaryDirectory()
    const file = join(directory, 'tree.json')
    const open = () =>
      Coordinator.open({
        cluster: { file },
        queue: { directory: join(directory, 'queue') },
        spoolDirectory: join(directory, 'spool'),
      })
    for (let times = 0; times < 2; times++) {
      await using coordinator = await open()
      expect(coordinator.snapshot.shards.size).toBe(0)
    }
    // Both are free for others again.
    await using tree = await FileTree.open({ path: file })
    await using queue = await LocalQueue.open({ directory: join(directory, 'queue') })
    expect([tree.state, (await queue.figures()).total]).toEqual(['connected', 0])
  })
})

test('close() waits for the calls under way', async () => {
  const { coordinator, node } = await smallCluster({ nodesPerShard: [1] })
  let goOn: () => void = () => undefined
  const waiting = new Promise<void>((resolve) => {
    goOn = resolve
  })
  async function* slowly() {
    yield Buffer.from('me')
    await waiting
    yield Buffer.from('ow')
  }
  const put = coordinator.put('slow', slowly())
  const closed = coordinator.close()
  goOn()
  expect((await put).shardId).toBe('1')
  await closed
  expect((await node('11').read('slow'))?.toString()).toBe('meow')
})

test('a closed coordinator refuses everything, and leaves open what it was given', async () => {
  const { coordinator, tree, queue } = await smallCluster()
  await coordinator.close()
  await coordinator.close()
  for (const work of [
    () => coordinator.put(name, Buffer.from('x')),
    () => coordinator.get('1', name),
    () => coordinator.head('1', name),
    () => coordinator.delete('1', name),
    () => coordinator.listen({ host: '127.0.0.1', port: 0 }),
  ]) {
    expect((await thrownBy(work)).code).toBe('COORDINATOR_CLOSED')
  }
  expect(tree.state).toBe('connected')
  expect((await queue.figures()).total).toBe(0)
})
