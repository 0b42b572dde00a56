// Secrets on the command line: read from files or the environment, never shown.
import fs from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { backpack, type CliResult, startCli, startServe, useBuiltCli } from './built-cli.js'

useBuiltCli()

const secret = 'correct horse battery staple'

const env = { ...process.env, BACKPACK_CLUSTER_SECRET: secret }

/** Runs a command with the secret in its environment. */
function withSecret(bin: string, args: readonly string[]): Promise<CliResult> {
  return startCli(bin, args, { env }).ended()
}

function fileWith(text: string, name = 'secret'): string {
  const path = join(temporaryDirectory(), name)
  fs.writeFileSync(path, text, { mode: 0o600 })
  return path
}

test('with a secret uploads and reads of those who have it work, and nobody else writes', async () => {
  const secretFile = fileWith(`${secret}\n`)
  const photo = fileWith('meow', 'cat.jpg')
  const large = fileWith('x'.repeat(2_000_000), 'large.bin')
  const { url, running } = await startServe(temporaryDirectory(), [
    ...['--cluster-secret-file', secretFile],
    ...['--refuse-unsigned-reads', '--log-level', 'debug'],
  ])
  const port = new URL(url).port
  expect((await fetch(`${url}cat.jpg`, { method: 'PUT', body: 'x' })).status).toBe(403)
  expect(await backpack(['upload', photo, '--url', url])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('SIGNATURE_REQUIRED') as string,
  })
  const wrong = ['--cluster-secret-file', fileWith('incorrect horse battery staple')]
  expect(await backpack(['upload', photo, '--url', url, ...wrong])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('SIGNATURE_INVALID') as string,
  })
  const right = ['--cluster-secret-file', secretFile]
  expect(await backpack(['upload', photo, large, '--url', url, ...right])).toMatchObject({
    code: 0,
    stderr: '',
  })
  const uploaded = await withSecret('backpack-upload', ['127.0.0.1', port, photo, 'by 2013/ü'])
  expect(uploaded).toMatchObject({ code: 0 })
  expect(await backpack(['get', 'cat.jpg', '--url', url])).toMatchObject({ code: 1, stdout: '' })
  expect(await backpack(['get', 'cat.jpg', '--url', url, ...right])).toMatchObject({
    code: 0,
    stdout: 'meow',
  })
  const again = await withSecret('backpack', ['get', 'by 2013/ü', '--url', url, '--range', '0-1'])
  expect(again).toMatchObject({ code: 0, stdout: 'me' })
  running.kill('SIGTERM')
  const { stdout, stderr } = await running.ended()
  expect(stdout + stderr).not.toContain(secret)
  expect(stderr).not.toContain('Warning')
})

test('beyond the machine the store warns without a secret only', async () => {
  const beyond = ['--host', '0.0.0.0']
  const secured = startCli('backpack', ['serve', temporaryDirectory(), '--port', '0', ...beyond], { env })
  await secured.waitFor('stderr', /Ctrl-C/)
  secured.kill('SIGTERM')
  expect((await secured.ended()).stderr).not.toContain('Warning')
  const token = ['--redirect-token-file', fileWith('the token of redirects'), '--refuse-unsigned-reads']
  const open = await startServe(temporaryDirectory(), [...beyond, ...token])
  await open.running.waitFor(
    'stderr',
    /Warning: whoever reaches 0\.0\.0\.0 on this port can overwrite and delete/,
  )
  await open.running.waitFor('stderr', /--cluster-secret-file/)
})

test('the form of 2013 takes the options, too', async () => {
  const directory = temporaryDirectory()
  const options = ['--redirect-token-file', fileWith('the token of redirects'), '--refuse-unsigned-reads']
  const running = startCli('backpack', [directory, '127.0.0.1', '0', '--reserve-bytes', '0', ...options])
  const [, url = ''] = await running.waitFor('stderr', /Serving .* at (http:\S+) /)
  expect((await fetch(`${url}a`, { method: 'PUT', body: 'x' })).status).toBe(201)
  expect((await fetch(`${url}a`)).status).toBe(403)
})

test.each([
  {
    why: 'reads that nobody could sign for',
    args: ['--refuse-unsigned-reads'],
    code: 2,
    says: 'refuse-unsigned-reads: needs --cluster-secret-file or --redirect-token-file',
  },
  {
    why: 'a file that is not there',
    args: ['--cluster-secret-file', '/does/not/exist'],
    code: 1,
    says: 'The cluster secret cannot be read from /does/not/exist: ENOENT.',
  },
  {
    why: 'a token that is too short',
    args: ['--redirect-token-file', () => fileWith('tooshort')],
    code: 1,
    says: 'has 8 bytes; it must have 16 to 4096',
  },
])('$why stops it before it starts', async ({ args, code, says }) => {
  const directory = join(temporaryDirectory(), 'store')
  const given = args.map((each) => (typeof each === 'string' ? each : each()))
  const result = await backpack(['serve', directory, '--port', '0', ...given])
  expect(result.code).toBe(code)
  expect(result.stderr).toContain(says)
  expect(result.stderr).not.toContain('tooshort')
  expect(fs.existsSync(directory)).toBe(false)
})

test('an import through a store with a secret signs what it asks, and says why it is refused', async () => {
  const root = temporaryDirectory()
  fs.writeFileSync(join(root, 'cat.jpg'), 'meow')
  fs.writeFileSync(join(root, 'large.bin'), Buffer.alloc(2_500_000, 7))
  const secretFile = fileWith(secret)
  const serve = ['--cluster-secret-file', secretFile]
  const { url } = await startServe(temporaryDirectory(), serve)
  const refused = await backpack(['import', root, '--url', url])
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toContain('(SIGNATURE_REQUIRED) [HTTP 403]')
  expect(refused.stderr).toContain('--cluster-secret-file')
  const right = ['import', root, '--verify', '--cluster-secret-file', secretFile, '--url']
  const done = 'Imported 2 blobs (2.4 MB)\nRead back 2 blobs: 0 differ.\n'
  expect(await backpack([...right, url])).toMatchObject({ code: 0, stdout: done, stderr: '' })
  expect(await (await fetch(`${url}cat.jpg`)).text()).toBe('meow')

  const closed = await startServe(temporaryDirectory(), [...serve, '--refuse-unsigned-reads'])
  const wrong = ['--cluster-secret-file', fileWith('incorrect horse battery staple')]
  const unread = await backpack(['import', root, '--url', closed.url, ...wrong])
  expect(unread).toMatchObject({ code: 1, stdout: '' })
  expect(unread.stderr).toContain('(SIGNATURE_INVALID) [HTTP 403]')
  expect(await backpack([...right, closed.url])).toMatchObject({ code: 0, stdout: done, stderr: '' })
  const again = await withSecret('backpack', ['import', root, '--url', closed.url])
  expect(again).toMatchObject({ code: 0, stdout: 'Imported 0 blobs (0 B), 2 there already\n' })
})

test('the line to try a store with is one that it takes', async () => {
  const secretFile = fileWith(secret)
  const { running, url } = await startServe(temporaryDirectory(), ['--cluster-secret-file', secretFile])
  const [, line = ''] = await running.waitFor('stderr', /Try it: echo hello \| backpack (.*) && curl .*/)
  const args = line.split(' ').map((word) => word.replaceAll("'", ''))
  expect(args).toEqual([
    ...['upload', '-', '--name', 'hello.txt'],
    ...['--url', url, '--cluster-secret-file', secretFile],
  ])
  expect(await backpack(args, 'hello\n')).toMatchObject({ code: 0, stderr: '' })
  expect(await (await fetch(`${url}hello.txt`)).text()).toBe('hello\n')
})

test('an import into a directory has nobody to sign for', async () => {
  const args = [
    'import',
    temporaryDirectory(),
    temporaryDirectory(),
    '--cluster-secret-file',
    fileWith(secret),
  ]
  expect(await backpack(args)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('cluster-secret-file: only with --url') as string,
  })
})
