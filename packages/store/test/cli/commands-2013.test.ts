import fs from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runDaemon } from '../helpers/daemon.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { runCli, startServe, useBuiltCli } from './built-cli.js'

useBuiltCli()

test('backpack-add makes a store and registers volume after volume', async () => {
  const path = join(temporaryDirectory(), 'new')
  for (const id of [1, 2]) {
    const { code, stdout } = await runCli('backpack-add', [path])
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Successfully registered file #${id}\n` })
  }
  const list = await runCli('backpack-list', [path])
  expect(list.stdout).toBe('1 64 0\n2 64 0\n')
})

test('backpack-add says who holds the lock and that nothing needs to be added', async () => {
  const directory = temporaryDirectory()
  const { running } = await startServe(directory)
  const { code, stdout, stderr } = await runCli('backpack-add', [directory])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(`is in use by process ${running.pid}`)
  expect(stderr).toContain('opens its next volume by itself')
})

test('backpack-upload stores a file and prints its URL', async () => {
  const { store, port } = await runDaemon()
  const file = join(temporaryDirectory(), 'hosts')
  fs.writeFileSync(file, 'localhost')
  const upload = (path: string) => runCli('backpack-upload', ['127.0.0.1', String(port), file, path])
  expect(await upload('my/hosts')).toMatchObject({
    code: 0,
    stdout: `File successfully uploaded: http://127.0.0.1:${port}/my/hosts\n`,
  })
  expect((await store.get('my/hosts'))?.data.toString()).toBe('localhost')
  // The upload path is the request target, as it was: the daemon decodes it, query string included.
  await upload('a%20b.jpg?v=1')
  expect((await store.get('a b.jpg?v=1'))?.data.toString()).toBe('localhost')
  await upload('c d é.jpg')
  expect((await store.get('c d é.jpg'))?.data.toString()).toBe('localhost')
})

test('backpack-upload exits 1 for a missing file, a bad port, no daemon and a refusal', async () => {
  const { port } = await runDaemon()
  const file = join(temporaryDirectory(), 'file')
  fs.writeFileSync(file, 'x')
  for (const [args, says] of [
    [['127.0.0.1', String(port), '/no/such/file', 'x'], 'there is no such file'],
    [['127.0.0.1', 'http', file, 'x'], 'must be a whole number from 1 to 65535'],
    [['127.0.0.1', '1', file, 'x'], 'nothing listens there'],
    [['127.0.0.1', String(port), file, '-/x'], 'NAME_RESERVED'],
  ] as const) {
    const { code, stdout, stderr } = await runCli('backpack-upload', args)
    expect(stderr).toContain(says)
    expect(code).not.toBe(0)
    expect(stdout).toBe('')
  }
})

test('backpack-list gives id, size and read-only flag beside a running daemon', async () => {
  const { store, path } = await runDaemon()
  await store.put('a', Buffer.alloc(1_000))
  await store.addVolume()
  const seal = { sealedAtBytes: 64, reason: 'a failed sync', at: new Date().toISOString() }
  fs.writeFileSync(join(path, 'volumes', '00000002.sealed'), JSON.stringify(seal))
  const { code, stdout } = await runCli('backpack-list', [path])
  expect({ code, stdout }).toEqual({ code: 0, stdout: `1 ${64 + 1_040} 0\n2 64 1\n` })
})

test('backpack-dump-log gives name, offset and length beside a running daemon', async () => {
  const { store, path } = await runDaemon()
  await store.put('a', Buffer.from('1'))
  await store.put('b c', Buffer.from('2'))
  const { stdout } = await runCli('backpack-dump-log', [join(path, 'volumes', '00000001.volume')])
  expect(stdout).toBe('a 64 40\nb c 104 40\n')
})

test('backpack-get-file-info finds a blob beside a running daemon', async () => {
  const { store, path } = await runDaemon()
  await store.put('a', Buffer.from('1'))
  const found = await runCli('backpack-get-file-info', [path, 'a'])
  expect(found.code).toBe(0)
  expect(JSON.parse(found.stdout.replace('Value: ', ''))).toMatchObject({
    name: 'a',
    volumeId: 1,
    offsetBytes: 64,
    lengthBytes: 40,
  })
  const missing = await runCli('backpack-get-file-info', [path, 'b'])
  expect(missing).toMatchObject({ code: 1, stdout: '', stderr: 'There is no blob named b.\n' })
})

test('backpack-restore-from-log writes a lost index log anew and says that no key map is stored', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  await store.put('a', Buffer.from('1'))
  await store.close()
  const index = join(path, 'volumes', '00000001.index')
  const sizeBytes = fs.statSync(index).size
  fs.rmSync(index)
  const first = await runCli('backpack-restore-from-log', [path, '1'])
  expect(first.stdout).toMatch(/was missing or unusable and is written anew; 1 needle added/)
  expect(first.stderr).toContain('the embedded key map is stored nowhere')
  expect(fs.statSync(index).size).toBe(sizeBytes)
  expect((await runCli('backpack-restore-from-log', [path, '1'])).stdout).toContain('is in order; 0 needles')
  const missing = await runCli('backpack-restore-from-log', [path, '2'])
  expect(missing).toMatchObject({ code: 1, stdout: '' })
  expect(missing.stderr).toContain('There is no volume 2')
  expect((await runCli('backpack-restore-from-log', [path, 'one'])).code).not.toBe(0)
})
