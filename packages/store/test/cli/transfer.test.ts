import fs from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runDaemon } from '../helpers/daemon.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { backpack, startCli, useBuiltCli } from './built-cli.js'

useBuiltCli()

/** A file of a temporary directory. */
function fileOf(name: string, data: string | Buffer): string {
  const path = join(temporaryDirectory(), name)
  fs.writeFileSync(path, data)
  return path
}

/** A server that answers every request as the handler does, for what our daemon never does. */
async function startServer(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('files are uploaded under their own names and types, and come back byte for byte', async () => {
  const { url, store } = await runDaemon()
  const small = fileOf('cat.jpg', 'meow')
  const large = fileOf('big.bin', Buffer.alloc(3_000_000, 'abcdefg'))
  const { code, stdout, stderr } = await backpack(['upload', small, large, '--url', url])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.split('\n').sort()).toEqual([
    '',
    `Stored ${url}big.bin (2.9 MB)`,
    `Stored ${url}cat.jpg (4 B)`,
  ])
  expect((await store.head('cat.jpg'))?.contentType).toBe('image/jpeg')
  const copy = join(temporaryDirectory(), 'copy')
  expect((await backpack(['get', 'big.bin', '--url', url, '--output', copy])).code).toBe(0)
  expect(fs.readFileSync(copy).equals(fs.readFileSync(large))).toBe(true)
  expect((await backpack(['get', 'cat.jpg', '--url', url])).stdout).toBe('meow')
})

test('names with dots, percent signs, question marks and a leading dash are kept as they are', async () => {
  const { url, store } = await runDaemon()
  const file = fileOf('x', 'data')
  for (const name of ['ünï/../😀 //%2F?x=1&y.png', '-dash', '..']) {
    const uploaded = await backpack(['upload', file, '--url', url, `--name=${name}`])
    expect(uploaded).toMatchObject({ code: 0, stderr: '' })
    expect((await store.get(name))?.data.toString()).toBe('data')
    const got = await backpack(['get', '--url', url, '--', name])
    expect(got).toMatchObject({ code: 0, stdout: 'data' })
  }
})

test('standard input is uploaded, and --json describes what was stored', async () => {
  const { url, store } = await runDaemon()
  const args = ['upload', '-', '--name', 'note.txt', '--url', url, '--json', '--content-type', 'text/x-note']
  const first = await backpack(args, 'hello')
  expect(JSON.parse(first.stdout)).toEqual({
    file: '-',
    name: 'note.txt',
    url: `${url}note.txt`,
    sizeBytes: 5,
    created: true,
    etag: (await store.head('note.txt'))?.etag,
  })
  expect((await store.head('note.txt'))?.contentType).toBe('text/x-note')
})

test('nothing is uploaded when one of the files cannot be, and every problem is said', async () => {
  const { url, store } = await runDaemon()
  const good = fileOf('good', 'x')
  const twin = fileOf('good', 'y')
  const empty = fileOf('empty', '')
  const folder = temporaryDirectory()
  const missing = join(folder, 'missing')
  const { code, stderr } = await backpack(['upload', good, twin, empty, folder, missing, '--url', url])
  expect(code).toBe(1)
  expect(stderr).toContain(`${missing}: there is no such file`)
  expect(stderr).toContain(`${folder}: is a directory`)
  expect(stderr).toContain(`${empty}: is empty`)
  expect(stderr).toContain(`${good} and ${twin} would both be stored as good`)
  expect(await store.head('good')).toBeUndefined()
})

test('when the daemon refuses one file the others are stored and the exit code is 1', async () => {
  const { url, store } = await runDaemon({ storeOptions: { blobBytesMax: 2_000_000 } })
  const refused = fileOf('large', Buffer.alloc(2_000_001))
  const taken = fileOf('small', 'x')
  const { code, stderr } = await backpack(['upload', refused, taken, '--url', url])
  expect(code).toBe(1)
  expect(stderr).toMatch(/large: A blob may have 2000000 bytes.*\(BLOB_TOO_LARGE\) \[HTTP 413\]/)
  expect(stderr).toContain('1 file of 2 not uploaded.')
  expect((await store.get('small'))?.data.toString()).toBe('x')
})

test('a range is given alone, and one past the end is refused', async () => {
  const { url, store } = await runDaemon()
  await store.put('digits', Buffer.from('0123456789'))
  const ranges = { '2-4': '234', '7-': '789', '-2': '89' }
  for (const [range, bytes] of Object.entries(ranges)) {
    expect((await backpack(['get', 'digits', '--url', url, `--range=${range}`])).stdout).toBe(bytes)
  }
  const past = await backpack(['get', 'digits', '--url', url, '--range', '10-'])
  expect(past).toMatchObject({ code: 1, stdout: '' })
  expect(past.stderr).toContain('RANGE_INVALID')
})

test('a missing, a deleted and a damaged blob exit 1 and leave no file', async () => {
  const { url, store } = await runDaemon()
  await store.put('gone', Buffer.from('x'))
  await store.delete('gone')
  const folder = temporaryDirectory()
  for (const [name, says] of [
    ['never', 'There is no blob of this name'],
    ['gone', 'The blob was deleted'],
  ]) {
    const output = join(folder, 'out')
    const { code, stderr } = await backpack(['get', name as string, '--url', url, '--output', output])
    expect(code).toBe(1)
    expect(stderr).toContain(says)
  }
  const lying = await startServer((_request, response) => {
    response.setHeader('ETag', '"0123456789abcdef-00000001"').end('not what was stored')
  })
  const damaged = await backpack(['get', 'x', '--url', lying, '--output', join(folder, 'out')])
  expect(damaged.code).toBe(1)
  expect(damaged.stderr).toContain('damaged on the way')
  expect(fs.readdirSync(folder)).toEqual([])
})

test('a file that is there is replaced only by a whole download', async () => {
  const cutting = await startServer((_request, response) => {
    response.writeHead(200, { 'Content-Length': 100 })
    response.write('half', () => response.destroy())
  })
  const output = fileOf('kept', 'old')
  const { code } = await backpack(['get', 'x', '--url', cutting, '--output', output])
  expect(code).toBe(1)
  expect(fs.readFileSync(output, 'utf8')).toBe('old')
})

test('a daemon that cannot be reached is reported once, with what to do', async () => {
  const files = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => fileOf(name, 'x'))
  const url = 'http://127.0.0.1:1'
  for (const args of [
    ['get', 'x'],
    ['upload', ...files],
  ]) {
    const { code, stderr } = await backpack([...args, '--url', url])
    expect(code).toBe(1)
    expect(stderr.match(/cannot be reached: nothing listens there/g)).toHaveLength(1)
    expect(stderr).toContain('backpack serve <directory>')
  }
})

test('an answer in mid-body is understood, also by a server that cannot be asked first', async () => {
  const answer = 'HTTP/1.1 507 Full\r\nConnection: close\r\nContent-Length: 12\r\n\r\nno room here'
  // It ends its side only and takes what still comes: what it had not read would reset the connection, and whether the
  // client had seen the answer by then would be chance.
  const refusing = await startServer((request) => {
    request.once('data', () => request.socket.end(answer))
  })
  const { code, stderr } = await backpack([
    'upload',
    fileOf('big', Buffer.alloc(30_000_000)),
    '--url',
    refusing,
  ])
  expect(code).toBe(1)
  expect(stderr).toContain('no room here [HTTP 507]')
})

test('Ctrl-C while standard input is read exits 130 and leaves nothing behind', async () => {
  const { url, store } = await runDaemon()
  const folder = temporaryDirectory()
  const env = { ...process.env, TMPDIR: folder }
  const running = startCli('backpack', ['upload', '-', '--name', 'half', '--url', url], { env })
  running.child.stdin?.write('half of it')
  while (fs.readdirSync(folder, { recursive: true }).length < 2) await new Promise((go) => setTimeout(go, 5))
  running.kill('SIGINT')
  const { code, stderr } = await running.ended()
  expect(code).toBe(130)
  expect(stderr).toBe('Interrupted.\n')
  expect(fs.readdirSync(folder)).toEqual([])
  expect(await store.head('half')).toBeUndefined()
})

test('Ctrl-C in mid-download exits 130 and removes the part that came', async () => {
  const stalling = await startServer((_request, response) => {
    response.writeHead(200, { 'Content-Length': 100 })
    response.write('half')
  })
  const folder = temporaryDirectory()
  const output = join(folder, 'out')
  const running = startCli('backpack', ['get', 'x', '--url', stalling, '--output', output])
  while (fs.readdirSync(folder).length === 0) await new Promise((go) => setTimeout(go, 5))
  running.kill('SIGINT')
  expect((await running.ended()).code).toBe(130)
  expect(fs.readdirSync(folder)).toEqual([])
})
