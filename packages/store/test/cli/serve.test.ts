import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { backpack, startCli, startServe, useBuiltCli } from './built-cli.js'

useBuiltCli()

/** The objects of a JSON log; fails the test on a line that is none. */
function logLines(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** A PUT whose second half is held back until release(). */
function startUpload(url: string, body: string) {
  const request = http.request(url, { method: 'PUT', headers: { 'Content-Length': body.length } })
  const answered = once(request, 'response') as Promise<[http.IncomingMessage]>
  request.write(body.slice(0, body.length / 2))
  return { answered, release: () => request.end(body.slice(body.length / 2)), request }
}

test('serve says where it listens, and its curl line stores and gets a text', async () => {
  const { running, url } = await startServe(join(temporaryDirectory(), 'made', 'here'))
  const [line] = await running.waitFor('stderr', /Try it: .*/)
  const address = `${url}hello.txt`
  expect(line).toBe(`Try it: curl -X PUT --data 'hello' '${address}' && curl '${address}'`)
  // What curl sends for --data.
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const put = await fetch(address, { method: 'PUT', body: 'hello', headers })
  expect(put.status).toBe(201)
  const got = await fetch(address)
  expect(got.headers.get('content-type')).toBe('text/plain')
  expect(await got.text()).toBe('hello')
})

test('SIGTERM lets an upload under way finish, then exits 0, and the blob is kept', async () => {
  const directory = temporaryDirectory()
  const { running, url } = await startServe(directory)
  const upload = startUpload(`${url}slow.txt`, 'slow and steady!')
  // The other connection is served, so the upload's first half has arrived too.
  expect((await fetch(`${url}-/live`)).status).toBe(200)
  running.kill('SIGTERM')
  await running.waitFor('stdout', /stopping/)
  upload.release()
  const [response] = await upload.answered
  expect(response.statusCode).toBe(201)
  response.resume()
  const { code, stdout } = await running.ended()
  expect(code).toBe(0)
  expect(logLines(stdout).at(-1)).toMatchObject({ msg: 'stopped' })
  expect((await backpack(['list', directory])).stdout).toBe('slow.txt\n')
})

test('SIGINT stops an idle store with exit code 0 and frees the directory', async () => {
  const directory = temporaryDirectory()
  const { running } = await startServe(directory)
  running.kill('SIGINT')
  expect((await running.ended()).code).toBe(0)
  expect(fs.readdirSync(directory).filter((name) => name.startsWith('lock-'))).toEqual([])
})

test('another signal while requests are answered ends the process at once', async () => {
  const { running, url } = await startServe(temporaryDirectory())
  const upload = startUpload(`${url}never.txt`, 'never')
  upload.answered.catch(() => undefined)
  expect((await fetch(`${url}-/live`)).status).toBe(200)
  running.kill('SIGTERM')
  await running.waitFor('stdout', /stopping/)
  const again = setInterval(() => running.kill('SIGTERM'), 50)
  onTestFinished(() => clearInterval(again))
  const { code, stdout } = await running.ended()
  expect(code).toBe(143)
  expect(stdout).not.toContain('stopped')
})

test("a second store on the directory is refused with the first one's pid", async () => {
  const directory = temporaryDirectory()
  const { running } = await startServe(directory)
  const { code, stderr } = await backpack(['serve', directory, '--port', '0'])
  expect(code).toBe(1)
  expect(stderr).toContain(`is in use by process ${running.pid}`)
})

test('a port in use, one that is not allowed, and a bad host are explained', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const directory = temporaryDirectory()
  const used = await backpack(['serve', directory, '--port', String(port)])
  expect(used.code).toBe(1)
  expect(used.stderr).toContain(`Port ${port} of 127.0.0.1 is in use`)
  expect(used.stderr).toContain('--port')
  for (const host of ['192.0.2.1', 'no-such-host.invalid', 'not a host']) {
    const bad = await backpack(['serve', directory, '--host', host, '--port', '0'])
    expect(bad.stderr).toContain(`${host} is no address of this machine`)
    expect(bad.code).toBe(1)
  }
  // Nothing of the attempts stays behind.
  const { running } = await startServe(directory)
  running.kill('SIGTERM')
  expect((await running.ended()).code).toBe(0)
})

test('whoever listens beyond the machine is warned, whoever does not is not', async () => {
  const open = await startServe(temporaryDirectory(), ['--host', '0.0.0.0'])
  await open.running.waitFor('stderr', /Warning: whoever reaches 0\.0\.0\.0/)
  const [, example = ''] = await open.running.waitFor('stderr', /curl '(\S+)'\n/)
  expect(example).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/hello\.txt$/)
  const closed = await startServe(temporaryDirectory())
  closed.running.kill('SIGTERM')
  expect((await closed.running.ended()).stderr).not.toContain('Warning')
})

test('the log on standard output is JSON, with request lines and escaped names at debug', async () => {
  const { running, url } = await startServe(temporaryDirectory(), ['--log-level', 'debug'])
  await fetch(`${url}a%22b%0Ac`, { method: 'PUT', body: 'x' })
  await fetch(`${url}caf%C3%A9"`, { method: 'PUT', body: 'x' })
  await running.waitFor('stdout', /caf/)
  running.kill('SIGTERM')
  const lines = logLines((await running.ended()).stdout)
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'listening', url, pid: running.pid }))
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'request', method: 'PUT', status: 201 }))
})

test('the command line of 2013 serves', async () => {
  const directory = temporaryDirectory()
  const running = startCli('backpack', [directory, '127.0.0.1', '0', '--reserve-bytes', '0'])
  const [, url = ''] = await running.waitFor('stderr', /Serving .* at (http:\S+) /)
  expect((await fetch(`${url}a`, { method: 'PUT', body: 'x' })).status).toBe(201)
  running.kill('SIGTERM')
  expect((await running.ended()).code).toBe(0)
})

test('a directory with data files of 2013 is not turned into an empty store', async () => {
  const directory = temporaryDirectory()
  fs.writeFileSync(join(directory, 'data_1'), 'x')
  const { code, stderr } = await backpack([directory, '127.0.0.1', '0'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/2013 backpack(.|\n)*backpack import/)
  expect(fs.readdirSync(directory)).toEqual(['data_1'])
})

test('--reserve-bytes and --blob-bytes-max take sizes with units and hold', async () => {
  const limits = ['--blob-bytes-max', '1kb', '--reserve-bytes', '0.5mb']
  const { url } = await startServe(temporaryDirectory(), limits)
  expect((await fetch(`${url}a`, { method: 'PUT', body: 'x'.repeat(1024) })).status).toBe(201)
  expect((await fetch(`${url}a`, { method: 'PUT', body: 'x'.repeat(1025) })).status).toBe(413)
  const full = await startServe(temporaryDirectory(), ['--reserve-bytes', '4000tb'])
  expect((await fetch(`${full.url}a`, { method: 'PUT', body: 'x' })).status).toBe(507)
})

test('a store that cannot even record its failure says so and exits 70', async () => {
  const directory = temporaryDirectory()
  const { running, url } = await startServe(directory)
  expect((await fetch(`${url}kept`, { method: 'PUT', body: 'x' })).status).toBe(201)
  // Files may no longer grow, and the name that a seal is written under is taken.
  execFileSync('prlimit', ['--fsize=8192', '--pid', String(running.pid)])
  fs.mkdirSync(join(directory, 'volumes', '00000001.sealed.tmp'))
  await fetch(`${url}lost`, { method: 'PUT', body: 'x'.repeat(100_000) }).catch(() => undefined)
  const { code, stdout, stderr } = await running.ended()
  expect(code).toBe(70)
  expect(stderr).toContain('The store cannot go on and stops')
  expect(logLines(stdout).at(-1)).toMatchObject({ level: 60, msg: 'the store cannot go on' })
  expect((await backpack(['list', directory])).stdout).toBe('kept\n')
})
