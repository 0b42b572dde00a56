// The cluster of `npm start` as a process: killed, started again, stopped by Ctrl-C, started twice.
import { ServerProcess, TemporaryDirectory, until } from '@backpack/test-cluster'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const bin = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin', 'embedded.cjs')
const limitMs = 120_000
const uploads = 30

function start(directory: string, ...args: string[]): ServerProcess {
  const ports = ['--port', '0', '--store-port', '0']
  const server = new ServerProcess(process.execPath, [bin, directory, ...ports, ...args])
  onTestFinished(() => server.stop())
  return server
}

async function urlsOf(server: ServerProcess): Promise<{ url: string; storeUrls: string[] }> {
  const [, url = '', stores = ''] = await server.printed(
    /at (http:\S+) \(one shard on two stores: ([^)]*)\)/,
    limitMs,
  )
  return { url, storeUrls: stores.split(' ') }
}

function temporaryDirectory(): string {
  const directory = new TemporaryDirectory()
  onTestFinished(() => directory.remove())
  return directory.path
}

test('an upload is read back through the coordinator and is on both stores', {
  timeout: limitMs,
}, async () => {
  const { url, storeUrls } = await urlsOf(start(temporaryDirectory()))
  const put = await fetch(`${url}hi.txt`, { method: 'PUT', body: 'hello' })
  expect([put.status, await put.json()]).toEqual([200, { shard_id: '1' }])
  expect(await (await fetch(`${url}1:hi.txt`)).text()).toBe('hello')
  for (const store of storeUrls) {
    await until(async () => (await fetch(`${store}hi.txt`)).status === 200, `${store} has it`)
  }
  const etags = await Promise.all(
    storeUrls.map(async (store) => (await fetch(`${store}hi.txt`)).headers.get('etag')),
  )
  expect(new Set([...etags, put.headers.get('etag')]).size).toBe(1)
})

test('what was acknowledged and queued before a SIGKILL is on both stores after the next start', {
  timeout: limitMs,
}, async () => {
  const directory = temporaryDirectory()
  const first = start(directory)
  const { url } = await urlsOf(first)
  const acknowledged: string[] = []
  const uploading = Array.from({ length: 4 }, async (_, client) => {
    for (let upload = 0; first.running; upload++) {
      const name = `${client}-${upload}`
      const answer = await fetch(`${url}${name}`, { method: 'PUT', body: name.repeat(500) }).catch(
        () => undefined,
      )
      if (answer?.status === 200) acknowledged.push(name)
    }
  })
  await until(() => acknowledged.length >= uploads, 'uploads run', limitMs)
  first.kill('SIGKILL')
  await Promise.all([...uploading, first.ended()])

  const { storeUrls } = await urlsOf(start(directory))
  for (const name of acknowledged) {
    for (const store of storeUrls) {
      const same = async () => (await (await fetch(`${store}${name}`)).text()) === name.repeat(500)
      await until(same, `${name} is at ${store}`)
    }
  }
})

test('Ctrl-C ends it and the directory can be served again', { timeout: limitMs }, async () => {
  const directory = temporaryDirectory()
  const first = start(directory)
  await urlsOf(first)
  first.kill('SIGINT')
  await first.ended()
  expect(first.exitCode).toBe(0)
  await urlsOf(start(directory))
})

test('a second process on the same directory is refused with the pid of the first', {
  timeout: limitMs,
}, async () => {
  const directory = temporaryDirectory()
  const first = start(directory)
  const { url } = await urlsOf(first)
  const second = start(directory)
  await second.ended()
  expect(second.exitCode).toBe(1)
  expect(second.output).toContain(String(first.pid))
  expect((await fetch(`${url}-/live`)).status).toBe(200)
})

test('a directory that holds one single store is refused with what to do', { timeout: limitMs }, async () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'volumes'))
  writeFileSync(join(directory, 'store.json'), '{}')
  const server = start(directory)
  await server.ended()
  expect(server.exitCode).toBe(1)
  expect(server.output).toContain('is a single store')
})
