// `backpack-coordinator` as users start it, against a real ZooKeeper and a real Redis.
import { RedisProcess, ServerProcess, ZooKeeperEnsemble } from '@backpack/test-cluster'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { deadAddress } from '../helpers/false-node.js'
import { jsonOf, send } from '../helpers/http-request.js'
import { RawConnection } from '../helpers/raw-http.js'
import { StoreNode } from '../helpers/store-node.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { builtBin, runCli, useBuiltCli } from './built-cli.js'

useBuiltCli()

const bin = 'backpack-coordinator'
const usage =
  'Usage: backpack-coordinator <zk_servers> </zk/root> <listen_host> <listen_port> [statsd_host[:8125]] [options]\n'
let zooKeeper: ZooKeeperEnsemble
let redis: RedisProcess
let roots = 0

beforeAll(async () => {
  zooKeeper = await ZooKeeperEnsemble.start()
  redis = await RedisProcess.start()
})
afterAll(async () => {
  await redis.close()
  await zooKeeper.close()
})

/** A root of its own with one shard of two stores; gives what stands before the other arguments. */
async function cluster(): Promise<{ place: string[]; nodes: StoreNode[] }> {
  const place = [zooKeeper.connectString, `/serve-${++roots}`]
  const nodes = [await new StoreNode('1').start(), await new StoreNode('2').start()]
  const done = await runCli(`${bin}-init`, [...place, `queue-${roots}`, redis.address])
  expect(done.code, done.stderr).toBe(0)
  for (const { id, url } of nodes) await runCli(`${bin}-add-server`, [...place, id, url])
  await runCli(`${bin}-add-shard`, [...place, '1', '1,2', '100gb'])
  await runCli(`${bin}-enable-shard`, [...place, '1'])
  return { place, nodes }
}

async function started(args: readonly string[]): Promise<{ daemon: ServerProcess; port: number }> {
  const daemon = new ServerProcess(process.execPath, [builtBin(bin), ...args])
  onTestFinished(() => daemon.stop())
  const [, port] = await daemon.printed(/coordinator is ready!\nListening to http:\/\/\S+:(\d+)\/\n/)
  return { daemon, port: Number(port) }
}

describe('the daemon', () => {
  test('says that it is ready, takes uploads, serves them, and ends on SIGTERM when they are done', async () => {
    const { place } = await cluster()
    const { daemon, port } = await started([...place, '127.0.0.1', '0'])
    expect(daemon.output).toMatch(/^coordinator is ready!\nListening to http:\/\/127\.0\.0\.1:\d+\/\n$/)
    const put = await send(port, 'PUT', '/cat.jpg', { body: 'meow' })
    expect([put.status, jsonOf(put), put.headers['x-backpack-copies']]).toEqual([200, { shard_id: '1' }, '1'])
    expect((await send(port, 'GET', '/1:cat.jpg')).body.toString()).toBe('meow')
    expect(jsonOf(await send(port, 'GET', '/stats'))).toMatchObject({ processed_uploads: 1, queue_length: 1 })
    expect(jsonOf(await send(port, 'GET', '/-/cluster'))).toMatchObject({
      daemons: [{ kind: 'coordinator', url: `http://127.0.0.1:${port}` }],
    })

    const upload = await RawConnection.open(port)
    upload.write('PUT /late HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n')
    expect((await upload.read())?.status).toBe(100)
    daemon.kill('SIGTERM')
    upload.write('late')
    expect((await upload.read())?.status).toBe(200)
    await daemon.ended()
    expect(daemon.exitCode).toBe(0)
  })

  test('waits for as many copies as --copies says, and uses the directory of --spool', async () => {
    const { place, nodes } = await cluster()
    const spool = temporaryDirectory()
    const { port } = await started([
      ...place,
      '127.0.0.1',
      '0',
      '127.0.0.1:1',
      '--copies',
      '2',
      '--spool',
      spool,
    ])
    const body = Buffer.alloc(3_000_000, 'x')
    expect((await send(port, 'PUT', '/a', { body })).headers['x-backpack-copies']).toBe('2')
    for (const node of nodes) expect((await node.read('a'))?.equals(body)).toBe(true)
  })

  test('warns when others than this machine can reach it', async () => {
    const { place } = await cluster()
    const { daemon } = await started([...place, '0.0.0.0', '0'])
    await daemon.printed(
      /Warning: whoever reaches 0\.0\.0\.0 on this port can read, add and delete every photo/,
    )
    await daemon.printed(
      /Stores do not ask who writes to them: give both a secret with --cluster-secret-file/,
    )
  })
})

describe('the command line', () => {
  test('without arguments prints its usage and exits 1, as in 2013', async () => {
    expect(await runCli(bin, [])).toEqual({ code: 1, stdout: usage, stderr: '' })
  })

  test.each([[['one:2181']], [['one:2181', '/root', 'host']], [['a', '/b', 'c', '1', 'd', 'e']]])(
    'with %j prints its usage and exits 1',
    async (args) => {
      const { code, stdout, stderr } = await runCli(bin, args)
      expect([code, stdout]).toEqual([1, usage])
      expect(stderr).toBe(`4 or 5 arguments are needed, ${args.length} are given.\n`)
    },
  )

  test('with wrong arguments says all that is wrong and exits 2', async () => {
    const wrong = ['one:2181', 'root', 'host', '70000', 'stats:0', '--copies', '0', '--log-level', 'loud']
    const { code, stdout, stderr } = await runCli(bin, wrong)
    expect([code, stdout]).toEqual([2, ''])
    for (const option of ['zk-root', 'listen-port', 'statsd', 'copies', 'log-level'])
      expect(stderr).toContain(option)
    expect((await runCli(bin, ['a', '/b', 'c', '1', '--frob'])).code).toBe(2)
  })

  test('--help explains everything and --version is that of the package', async () => {
    const help = await runCli(bin, ['--help'])
    expect(help.code).toBe(0)
    for (const text of [
      '--copies',
      '--spool',
      '--log-level',
      'statsd_host  Report',
      'listen_host  The',
      'zk_servers   Zoo',
    ])
      expect(help.stdout).toContain(text)
    expect((await runCli(bin, ['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('a ZooKeeper that is away, a port in use and a spool that cannot be used are said in a line', async () => {
    const { place } = await cluster()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const nobody = new URL(await deadAddress()).host
    const [away, inUse, spool] = await Promise.all([
      runCli(bin, [nobody, '/backpack', '127.0.0.1', '0']),
      runCli(bin, [...place, '127.0.0.1', String(port)]),
      runCli(bin, [...place, '127.0.0.1', '0', '--spool', '/proc/none']),
    ])
    expect(away.stderr).toContain('Is ZooKeeper running')
    expect(inUse.stderr).toContain(`Port ${port} of 127.0.0.1 is in use`)
    expect(spool.stderr).toContain('--spool')
    expect([away.code, inUse.code, spool.code]).toEqual([1, 1, 1])
    // Whoever waits for the line that it is ready would take it for ready.
    expect([away.stdout, inUse.stdout, spool.stdout]).toEqual(['', '', ''])
  })
})
