import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore } from '../helpers/open-store.js'
import { RedisServer } from '../helpers/redis-server.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { backpack, runCli, startCli, useBuiltCli } from './built-cli.js'

useBuiltCli()

test('the commands of 2013 keep their keys in the Redis they are given', async () => {
  const redis = await RedisServer.start()
  const address = ['127.0.0.1', String(redis.port)]
  const directory = join(temporaryDirectory(), 'data')
  const add = await runCli('backpack-add', [directory, ...address])
  expect(add).toMatchObject({ code: 0, stdout: 'Successfully registered file #1\n' })
  const serve = [directory, '127.0.0.1', '0', ...address, '--reserve-bytes', '0']
  const running = startCli('backpack', serve)
  const [, url = ''] = await running.waitFor('stderr', /Serving .* at (http:\S+) /)
  expect((await fetch(`${url}cat.jpg`, { method: 'PUT', body: 'meow' })).status).toBe(201)
  expect(await redis.client.get('cat.jpg')).toMatch(/^1:64:\d+$/)
  expect((await runCli('backpack-list', [directory, ...address])).stdout).toMatch(/^1 \d+ 0\n$/)
  const info = await runCli('backpack-get-file-info', [directory, 'cat.jpg', ...address])
  expect(JSON.parse(info.stdout.replace('Value: ', ''))).toMatchObject({ name: 'cat.jpg', sizeBytes: 4 })
  const refused = await runCli('backpack-restore-from-log', [directory, '1', ...address])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(`is in use by process ${running.pid}`)
  running.kill('SIGTERM')
  expect((await running.ended()).code).toBe(0)
})

test('--redis-prefix stands before every key', async () => {
  const redis = await RedisServer.start()
  const args = ['--redis', `127.0.0.1:${redis.port}`, '--redis-prefix', 'photos:', '--reserve-bytes', '0']
  const running = startCli('backpack', ['serve', temporaryDirectory(), '--port', '0', ...args])
  const [, url = ''] = await running.waitFor('stderr', /Serving .* at (http:\S+) /)
  await fetch(`${url}cat.jpg`, { method: 'PUT', body: 'meow' })
  expect(await redis.client.get('photos:cat.jpg')).toMatch(/^1:64:\d+$/)
})

test('restore-from-log puts lost names back, newest first, and brings nothing back that is gone', async () => {
  const redis = await RedisServer.start()
  const path = temporaryDirectory()
  const options = {
    path,
    keyMap: { kind: 'redis', redis: { port: redis.port } },
    volumeBytesMax: 8192,
  } as const
  const store = await openStore(options)
  const fill = Buffer.alloc(3_000)
  await store.put('old', fill)
  await store.put('deleted', Buffer.from('x'))
  await store.put('kept', Buffer.from('x'))
  await store.delete('deleted')
  for (let blob = 0; blob < 4; blob++) await store.put(`fill${blob}`, fill)
  await store.put('old', Buffer.from('newest'))
  expect((await store.head('old'))?.location.volumeId).not.toBe(1)
  await store.close()
  const kept = await redis.client.get('kept')
  for (const name of ['old', 'deleted', 'fill0']) expect(await redis.client.del(name)).toBe(1)

  const { code, stdout, stderr } = await runCli('backpack-restore-from-log', [
    path,
    '1',
    '127.0.0.1',
    String(redis.port),
  ])
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'Restored 3 names.\n' })
  expect(stdout).toBe(
    ['fill0', 'deleted', 'old'].map((name) => `No record in redis for ${name}, restoring..\n`).join(''),
  )
  expect(await redis.client.get('kept')).toBe(kept)
  const again = await openStore(options)
  expect((await again.get('old'))?.data.toString()).toBe('newest')
  expect((await again.openBlob('deleted'))?.deleted).toBe(true)
  expect((await again.get('fill0'))?.data.equals(fill)).toBe(true)
})

test('a Redis that is away is explained', async () => {
  const { code, stderr } = await backpack(['serve', temporaryDirectory(), '--redis', '127.0.0.1:1'])
  expect(code).toBe(1)
  expect(stderr).toContain('KEY_MAP_AWAY')
  expect(stderr).toContain('Is Redis running, and is --redis the right address?')
})
