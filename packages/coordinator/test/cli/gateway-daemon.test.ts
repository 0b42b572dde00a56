// `backpack-coordinator --config`: the gateway of the real daemon, its configuration file, SIGHUP, and what is refused.
import { freePort, RedisProcess, ServerProcess, ZooKeeperEnsemble } from '@backpack/test-cluster'
import { once } from 'node:events'
import { symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { send } from '../helpers/http-request.js'
import { StoreNode } from '../helpers/store-node.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { until } from '../helpers/until.js'
import { builtBin, runCli, useBuiltCli } from './built-cli.js'

useBuiltCli()

const bin = 'backpack-coordinator'
const token = 'a redirect token in a file'
let zooKeeper: ZooKeeperEnsemble
let redis: RedisProcess
let place: string[] = []
let configFile = ''

beforeAll(async () => {
  zooKeeper = await ZooKeeperEnsemble.start()
  redis = await RedisProcess.start()
  place = [zooKeeper.connectString, '/gateway']
  const done = await runCli(`${bin}-init`, [...place, 'queue', redis.address])
  expect(done.code, done.stderr).toBe(0)
})
afterAll(async () => {
  await redis.close()
  await zooKeeper.close()
})

/** The file is a link: a change behind it is not seen by watching, so that only SIGHUP brings it. */
let target = ''
beforeEach(() => {
  target = join(temporaryDirectory(), 'target.yaml')
  configFile = join(temporaryDirectory(), 'gateway.yaml')
  symlinkSync(target, configFile)
})

const proxyOf = (lines: readonly string[]) => `proxy:\n${lines.map((line) => `  ${line}\n`).join('')}`
const configure = (...lines: string[]) =>
  writeFileSync(target, proxyOf(['bucket-update-interval: 3600', `redirect-token: ${token}`, ...lines]))
const args = () => [...place, '127.0.0.1', '0', '--config', configFile]

async function started(
  ...options: string[]
): Promise<{ daemon: ServerProcess; port: number; plainPort: number }> {
  const daemon = new ServerProcess(process.execPath, [builtBin(bin), ...args(), ...options])
  onTestFinished(() => daemon.stop())
  const [, plain, port] = await daemon.printed(
    /coordinator is ready!\nListening to http:\/\/\S+:(\d+)\/\nGateway: http:\/\/\S+:(\d+)\/\n/,
  )
  return { daemon, port: Number(port), plainPort: Number(plain) }
}

const headerOf = async (port: number) => (await send(port, 'GET', '/ping/')).headers['x-round']

test('a daemon serves the gateway beside the API of 2013, and SIGHUP reads the configuration again', async () => {
  const node = await new StoreNode('1').start()
  await runCli(`${bin}-add-server`, [...place, '1', node.url])
  await runCli(`${bin}-add-shard`, [...place, '1', '1', '100gb'])
  await runCli(`${bin}-enable-shard`, [...place, '1'])
  configure('address: 127.0.0.1:0', 'headers: {X-Round: one}', 'redirect-root: /srv')
  const { daemon, port, plainPort } = await started()
  await daemon.printed(/gateway\.yaml: without a meaning here: proxy\.redirect-root\n/)
  expect((await send(port, 'PUT', '/upload/1/a/b', { body: 'meow' })).status).toBe(200)
  expect((await send(plainPort, 'GET', '/1:a/b')).body.toString()).toBe('meow')
  expect(await headerOf(port)).toBe('one')

  configure('address: 127.0.0.1:0', 'headers: {X-Round: two}')
  daemon.kill('SIGHUP')
  await until(async () => (await headerOf(port)) === 'two', 'the new configuration is used')

  configure('address: 127.0.0.1:0', 'headers: {X-Round: three}', 'frob: 1', 'idle-timeout: soon')
  daemon.kill('SIGHUP')
  await daemon.printed(/"problems":\["proxy\.idle-timeout: [^\]]+","proxy\.frob: there is no such name"\]/)
  expect([await headerOf(port), daemon.running]).toEqual(['two', true])

  configure('address: 127.0.0.1:1', 'headers: {X-Round: four}')
  daemon.kill('SIGHUP')
  await daemon.printed(/"names":\["proxy\.address"\].*after a restart/)
  await until(async () => (await headerOf(port)) === 'four', 'what needs no restart is used')

  expect(daemon.output).not.toContain(token)
  daemon.kill('SIGTERM')
  await daemon.ended()
  expect(daemon.exitCode).toBe(0)
})

test('a configuration with faults ends the daemon before it listens, with all of them', async () => {
  configure('frob: 1', 'address: 127.0.0.1', 'free-space-ratio-soft: 2')
  const { code, stdout, stderr } = await runCli(bin, args())
  expect([code, stdout]).toEqual([2, ''])
  for (const name of ['frob', 'address', 'free-space-ratio-soft']) expect(stderr).toContain(`proxy.${name}: `)
  expect(stderr).not.toContain(token)
  configure()
  expect((await runCli(bin, args())).stderr).toContain('proxy.address: is missing')
  const missing = await runCli(bin, [...place, '127.0.0.1', '0', '--config', '/none'])
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('/none cannot be read: ENOENT')])
})

test('a port in use is said in a line', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  configure(`address: 127.0.0.1:${port}`)
  const { code, stderr } = await runCli(bin, args())
  expect([code, stderr]).toEqual([1, expect.stringContaining(`Port ${port} of 127.0.0.1 is in use`)])
})

test('a gateway that others can reach without HTTPS is warned of', async () => {
  configure('address: ":0"')
  const { daemon } = await started()
  await daemon.printed(/Warning: \S+ listens on all addresses of this machine without HTTPS/)
})

test('a gateway that others can reach is warned of shards without an ACL, and of a missing cluster secret', async () => {
  await runCli(`${bin}-add-server`, [...place, '9', 'http://127.0.0.1:1'])
  await runCli(`${bin}-add-shard`, [...place, '9', '9', '100gb'])
  const openShards =
    /Warning: whoever reaches the gateway can .* every photo of (\d+) of \1 shards: they have no ACL/
  const noSecret = 'Warning: stores do not ask who writes to them'
  configure('address: ":0"')
  const { daemon } = await started()
  await daemon.printed(openShards)
  await daemon.printed(/Warning: stores do not ask who writes to them: .* --cluster-secret-file/)
  const secretFile = join(temporaryDirectory(), 'secret')
  writeFileSync(secretFile, 'the secret of this cluster')
  const secured = await started('--cluster-secret-file', secretFile)
  await secured.daemon.printed(openShards)
  configure('address: 127.0.0.1:0')
  const local = await started()
  for (const { daemon: other } of [secured, local]) {
    other.kill('SIGTERM')
    await other.ended()
    expect(other.output).not.toContain(noSecret)
  }
  expect(local.daemon.output).not.toMatch(openShards)
})

test("the coordinator's own address is no address of the gateway, and that is said before it is ready", async () => {
  const port = await freePort()
  configure(`address: localhost:${port}`)
  const { code, stdout, stderr } = await runCli(bin, [
    ...place,
    '127.0.0.1',
    `${port}`,
    '--config',
    configFile,
  ])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(
    `proxy.address: must not be where the coordinator itself listens, 127.0.0.1:${port}`,
  )
})
