import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runDaemon, until } from '../helpers/daemon.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { backpack, runCli, startCli, useBuiltCli } from './built-cli.js'

useBuiltCli()

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** Some blobs in a store that a daemon of this process keeps open: everything here is asked beside it. */
async function servedBlobs() {
  const { store, path } = await runDaemon()
  await store.put('one.txt', Buffer.from('1'), { contentType: 'text/plain' })
  await store.put('two', Buffer.from('22'))
  await store.put('gone', Buffer.from('333'))
  await store.delete('gone')
  await store.put('two', Buffer.from('4444'))
  return { store, path, volume: join(path, 'volumes', '00000001.volume') }
}

/** Until the index log names it, a damaged needle at the end of a volume is taken for one that never was. */
async function untilInLog(path: string, volumeId: number | undefined, name: string): Promise<void> {
  const log = join(path, 'volumes', `0000000${volumeId}.index`)
  await until(() => fs.readFileSync(log).includes(name), `the index log knows ${name}`)
}

test('list prints the names of live blobs in the order in which they are stored', async () => {
  const { path } = await servedBlobs()
  expect(await backpack(['list', path])).toEqual({
    code: 0,
    signal: null,
    stdout: 'one.txt\ntwo\n',
    stderr: '',
  })
  const long = await backpack(['list', path, '--long'])
  expect(long.stdout).toMatch(/^ {6}1 B {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}one\.txt\n {6}4 B .* two\n$/)
})

test('list --json is one object per line, and --after goes on behind a cursor', async () => {
  const { path, store } = await servedBlobs()
  const [first, second] = jsonLines((await backpack(['list', path, '--json'])).stdout)
  const { etag, version } = (await store.head('one.txt')) ?? {}
  expect(first).toMatchObject({ name: 'one.txt', sizeBytes: 1, etag, volumeId: 1, offsetBytes: 64 })
  expect(BigInt(`0x${String(first?.['version'])}`)).toBe(version)
  const rest = await backpack(['list', path, '--json', '--after', String(first?.['cursor'])])
  expect(jsonLines(rest.stdout)).toEqual([second])
})

test('a reader of standard output that goes away ends the command quietly', async () => {
  const { store, path } = await runDaemon({ storeOptions: { durability: 'os' } })
  const name = (blob: number) => `${'long'.repeat(200)}${blob}`
  await Promise.all(Array.from({ length: 2_000 }, (_, blob) => store.put(name(blob), Buffer.from('x'))))
  const running = startCli('backpack', ['list', path])
  await once(running.child.stdout as NodeJS.ReadableStream, 'data')
  running.child.stdout?.destroy()
  const { code, stderr } = await running.ended()
  expect({ code, stderr }).toEqual({ code: 141, stderr: '' })
})

test('info describes a blob and verifies its data', async () => {
  const { path, store } = await servedBlobs()
  const json = await backpack(['info', path, 'one.txt', '--json'])
  const { etag } = (await store.head('one.txt')) ?? {}
  expect(JSON.parse(json.stdout)).toMatchObject({
    name: 'one.txt',
    contentType: 'text/plain',
    checksum: '83dcefb7',
    etag,
    verified: true,
  })
  const text = await backpack(['info', path, 'one.txt'])
  expect(text.stdout).toMatch(/^content type {2}text\/plain$/m)
  expect(text.stdout).toMatch(/^checksum {6}83dcefb7 \(CRC-32, verified\)$/m)
})

test('info exits 1 for a blob that is missing, deleted or damaged', async () => {
  const { path, store, volume } = await servedBlobs()
  const { location } = (await store.head('one.txt')) ?? { location: undefined }
  expect(await backpack(['info', path, 'never'])).toMatchObject({
    code: 1,
    stderr: 'There is no blob named never.\n',
  })
  const gone = await backpack(['info', path, 'gone'])
  expect(gone.code).toBe(1)
  expect(gone.stderr).toMatch(/^gone was deleted at \d{4}-/)
  await untilInLog(path, location?.volumeId, 'one.txt')
  const file = fs.openSync(volume, 'r+')
  const dataBytes = (location?.offsetBytes ?? 0) + 32 + 'one.txt'.length + 'text/plain'.length
  fs.writeSync(file, 'X', dataBytes)
  fs.closeSync(file)
  const damaged = await backpack(['info', path, 'one.txt'])
  expect(damaged).toMatchObject({ code: 1, stdout: '' })
  expect(damaged.stderr).toContain('BLOB_DAMAGED')
})

test('info reads large blobs to their end before it calls them sound', async () => {
  const { path, store } = await servedBlobs()
  await store.put('large', Buffer.alloc(3_000_000, 'abc'))
  const sound = await backpack(['info', path, 'large', '--json'])
  expect(JSON.parse(sound.stdout)).toMatchObject({ sizeBytes: 3_000_000, verified: true })
  const { location } = (await store.head('large')) ?? {}
  await untilInLog(path, location?.volumeId, 'large')
  const file = fs.openSync(join(path, 'volumes', `0000000${location?.volumeId}.volume`), 'r+')
  fs.writeSync(file, 'X', (location?.offsetBytes ?? 0) + 2_999_000)
  fs.closeSync(file)
  const damaged = await backpack(['info', path, 'large'])
  expect(damaged).toMatchObject({ code: 1, stdout: '' })
  expect(damaged.stderr).toContain('BLOB_DAMAGED')
})

test('volumes shows sizes and states, for people and machines', async () => {
  const { path, store } = await servedBlobs()
  await store.addVolume()
  const [first, second] = JSON.parse((await backpack(['volumes', path, '--json'])).stdout) as object[]
  expect(first).toMatchObject({ id: 1, sealed: false, writable: true, damagedRegions: 0 })
  expect(second).toMatchObject({ id: 2, sizeBytes: 64 })
  const { stdout } = await backpack(['volumes', path])
  expect(stdout).toMatch(/^volume +size +index +state/)
  expect(stdout).toMatch(/^ +2 +64 B +40 B +has room/m)
  expect(stdout).toMatch(/2 volumes, \d+ B with their index logs\n$/)
})

test('dump-index prints what a volume holds, whether its index log is there or not', async () => {
  const { volume, store } = await servedBlobs()
  const { offsetBytes, lengthBytes } = (await store.head('two'))?.location ?? {}
  const all = await backpack(['dump-index', volume])
  expect(all.stdout.split('\n')).toEqual([
    'one.txt 64 56',
    expect.stringMatching(/^two \d+ 40$/),
    expect.stringMatching(/^gone \d+ 40$/),
    expect.stringMatching(/^gone \d+ 40 deleted$/),
    `two ${offsetBytes} ${lengthBytes}`,
    '',
  ])
  const json = jsonLines((await backpack(['dump-index', volume, '--json'])).stdout)
  expect(json.map(({ tombstone }) => tombstone)).toEqual([false, false, false, true, false])
  expect(json[0]).toMatchObject({ name: 'one.txt', checksum: '83dcefb7', sizeBytes: 1, damage: false })
  const index = volume.replace('.volume', '.index')
  await store.close()
  expect((await backpack(['dump-index', index])).stdout).toBe(all.stdout)
  fs.rmSync(index)
  expect((await backpack(['dump-index', volume])).stdout).toBe(all.stdout)
  expect((await runCli('backpack-dump-log', [volume])).stdout).toBe(all.stdout)
  expect(fs.existsSync(index)).toBe(false)
})

test('dump-index refuses files that are neither index log nor volume', async () => {
  const folder = temporaryDirectory()
  const garbage = join(folder, '00000001.index')
  fs.writeFileSync(garbage, 'no index log at all')
  for (const [file, says] of [
    [join(folder, 'photo.jpg'), 'neither an index log nor a volume'],
    [garbage, 'does not begin as an index log should'],
    [join(folder, '00000002.volume'), 'there is no such file or directory'],
  ] as const) {
    const { code, stderr } = await backpack(['dump-index', file])
    expect(code).toBe(1)
    expect(stderr).toContain(says)
  }
})

test('commands that read refuse a directory that is no store, and make none', async () => {
  const folder = join(temporaryDirectory(), 'nothing')
  for (const args of [
    ['list', folder],
    ['info', folder, 'x'],
    ['volumes', folder],
    ['rebuild', folder],
  ]) {
    const { code, stderr } = await backpack(args)
    expect(code).toBe(1)
    expect(stderr).toContain('is not a store')
  }
  expect(fs.existsSync(folder)).toBe(false)
})
