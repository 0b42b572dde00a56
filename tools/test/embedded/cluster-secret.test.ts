// `npm start` with a cluster secret: its stores take writes of its own coordinator and replicator only.
import { ServerProcess, TemporaryDirectory, until } from '@backpack/test-cluster'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const bin = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin', 'embedded.cjs')
const limitMs = 120_000

test('with a secret uploads are copied, and the stores refuse everybody else', {
  timeout: limitMs,
}, async () => {
  const directory = new TemporaryDirectory()
  onTestFinished(() => directory.remove())
  const secretFile = join(directory.path, 'secret')
  writeFileSync(secretFile, 'correct horse battery staple\n')
  const ports = ['--port', '0', '--store-port', '0']
  const data = join(directory.path, 'data')
  const server = new ServerProcess(process.execPath, [
    bin,
    data,
    ...ports,
    '--cluster-secret-file',
    secretFile,
  ])
  onTestFinished(() => server.stop())
  const [, url = '', stores = ''] = await server.printed(
    /at (http:\S+) \(one shard on two stores: ([^)]*)\)/,
    limitMs,
  )
  expect((await fetch(`${url}hi.txt`, { method: 'PUT', body: 'hello' })).status).toBe(200)
  for (const store of stores.split(' ')) {
    await until(async () => (await fetch(`${store}hi.txt`)).status === 200, `${store} has it`)
    expect((await fetch(`${store}hi.txt`, { method: 'DELETE' })).status).toBe(403)
  }
  expect((await fetch(`${url}1:hi.txt`, { method: 'DELETE' })).status).toBe(204)
})

test('for everybody on the network it says how to try it from this machine', {
  timeout: limitMs,
}, async () => {
  const directory = new TemporaryDirectory()
  onTestFinished(() => directory.remove())
  const options = ['--port', '0', '--store-port', '0', '--host', '0.0.0.0']
  const server = new ServerProcess(process.execPath, [bin, directory.path, ...options])
  onTestFinished(() => server.stop())
  const [, put = '', got = ''] = await server.printed(/Try it: .* '(\S+)' && curl '(\S+)'/, limitMs)
  expect([put, got].map((each) => new URL(each).hostname)).toEqual(['127.0.0.1', '127.0.0.1'])
  expect((await fetch(put, { method: 'PUT', body: 'hello' })).status).toBe(200)
  expect(await (await fetch(got)).text()).toBe('hello')
})
