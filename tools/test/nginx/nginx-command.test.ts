// `backpack-cluster nginx` as it is typed: what it prints, writes, refuses and follows.
import { addServer, addShard, FileTree, initCluster } from '@backpack/cluster-model'
import { NginxProcess, TemporaryDirectory } from '@backpack/test-cluster'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { runBackpackCluster } from '../../src/backpack-cluster/main.js'
import { ask, putOn, startNode, type StoreNode } from './store-nodes.js'

interface Run {
  readonly exitCode: unknown
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in this process to its end. */
async function run(...args: string[]): Promise<Run> {
  const printed = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += String(text)
      return true
    }),
  )
  try {
    await runBackpackCluster(['node', 'backpack-cluster', 'nginx', ...args])
    return { exitCode: process.exitCode, ...printed }
  } finally {
    process.exitCode = undefined
    for (const spy of spies) spy.mockRestore()
  }
}

function temporaryDirectory(): string {
  const directory = new TemporaryDirectory()
  onTestFinished(() => directory.remove())
  return directory.path
}

/** A cluster in a file, with one shard on each of the nodes. */
async function describeCluster(nodes: readonly StoreNode[]): Promise<{ file: string; tree: FileTree }> {
  const file = join(temporaryDirectory(), 'cluster.json')
  const tree = await FileTree.open({ path: file })
  onTestFinished(() => tree.close())
  await initCluster(tree, { queueKey: 'queue', queueServers: [{ host: '127.0.0.1', port: 6379 }] })
  for (const [index, node] of nodes.entries()) await addShardOn(tree, String(index + 1), node)
  return { file, tree }
}

async function addShardOn(tree: FileTree, id: string, node: StoreNode): Promise<void> {
  await addServer(tree, { id, url: `http://${node.host}:${node.port}`, ifExists: 'refuse' })
  await addShard(tree, { id, nodes: [id], capacityBytes: 2 ** 30, ifExists: 'refuse' })
}

test('prints the configuration of the model, and nothing else on standard output', async () => {
  const node = await startNode()
  const { file } = await describeCluster([node])
  const { exitCode, stdout, stderr } = await run('--file', file)
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain('upstream backpack-shard-1 {')
  expect(stdout).toContain(`server 127.0.0.1:${node.port} max_fails=3 fail_timeout=5s;`)
  expect(stdout).toContain('listen 8080;')
})

test('what it writes is served, with everything of nginx in the work directory', async () => {
  const node = await startNode()
  await putOn(node, '/a?b', Buffer.from('here'))
  const { file } = await describeCluster([node])
  const nginx = await NginxProcess.start(({ directory, port }) => {
    return `pid "${directory}/nginx.pid"; events {} http { access_log off; server { listen 127.0.0.1:${port}; return 204; } }`
  })
  onTestFinished(() => nginx.close())
  await nginx.stop()
  const place = ['--work-dir', nginx.directory, '--output', nginx.configPath, '--check']
  const { exitCode, stdout, stderr } = await run(
    '--file',
    file,
    '--listen',
    `127.0.0.1:${nginx.port}`,
    ...place,
  )
  expect([exitCode, stdout, stderr]).toEqual([0, '', `${nginx.configPath} is written.\n`])
  await nginx.restart()
  expect((await ask(nginx.port, '/1:a?b')).body.toString()).toBe('here')
})

test('the tiers in front need no tree', async () => {
  const frontend = await run('--tier', 'frontend', '--caches', 'c1:8080,[::1]:8081', '--listen', '80,[::]:80')
  expect([frontend.exitCode, frontend.stderr]).toEqual([0, ''])
  expect(frontend.stdout).toContain('hash $request_uri consistent;')
  expect(frontend.stdout).toContain('server [::1]:8081 max_fails=3 fail_timeout=5s;')
  const cache = await run(
    '--tier',
    'cache',
    '--resizers',
    'r1:1',
    '--cache-size',
    '2gb',
    '--cache-valid-seconds',
    '60',
  )
  expect(cache.stdout).toContain('max_size=2147483648 ')
  expect(cache.stdout).toContain('proxy_cache_valid 200 410 415 60s;')
  const resizer = await run('--tier', 'resizer', '--storage', 's1:1', '--image-filter-module', 'none')
  expect(resizer.stdout).toContain('image_filter resize')
  expect(resizer.stdout).not.toContain('load_module')
})

test.each<[string[], string]>([
  [['--tier', 'edge'], 'Invalid values'],
  [['--tier', 'frontend'], 'The tier frontend needs --caches'],
  [['--tier', 'cache'], 'The tier cache needs --resizers or --storage'],
  [['--tier', 'resizer', '--caches', 'a:1', '--storage', 'b:1'], 'The tier resizer has no use for --caches'],
  [['--caches', 'a:1'], 'The tier storage has no use for --caches'],
  [['--tier', 'frontend', '--caches', 'a'], 'must be host:port'],
  [['--tier', 'frontend', '--caches', 'a:1,;evil:2'], 'must be host:port'],
  [['--tier', 'frontend', '--caches', 'a:0'], 'must be host:port'],
  [['--listen', '80; evil'], 'must be a port or address:port'],
  [['--listen', '70000'], 'must be a port or address:port'],
  [['--server-name', 'a b'], 'must be a host name'],
  [['--work-dir', '/a"b'], 'must hold no quotes'],
  [['--work-dir', '/a$b'], 'must hold no quotes'],
  [['--cache-size', 'much'], 'must be a size'],
  [['--watch'], '--watch needs --output'],
  [['--watch', '--output', 'x', '--tier', 'frontend', '--caches', 'a:1'], 'nothing to --watch'],
  [['--reload-command', 'true'], '--reload-command is for --watch'],
])('refuses %j', async (args, reason) => {
  const { exitCode, stdout, stderr } = await run(...args)
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain(reason)
})

test('--check: what nginx refuses is neither printed nor written', async () => {
  const directory = temporaryDirectory()
  const output = join(directory, 'nginx.conf')
  writeFileSync(output, 'as it was')
  const bad = ['--tier', 'frontend', '--caches', 'no-such-host.invalid:1', '--work-dir', directory, '--check']
  const printed = await run(...bad)
  expect([printed.exitCode, printed.stdout]).toEqual([1, ''])
  expect(printed.stderr).toContain('nothing is printed')
  const written = await run(...bad, '--output', output)
  expect(written.exitCode).toBe(1)
  expect(written.stderr).toContain(`${output} is left as it was`)
  expect(written.stderr).toContain('host not found in upstream')
  expect(readFileSync(output, 'utf8')).toBe('as it was')
})

test('warns of a shard without nodes and of a cluster without shards', async () => {
  const { file } = await describeCluster([])
  const { exitCode, stderr } = await run('--file', file)
  expect([exitCode, stderr]).toEqual([
    0,
    'Warning: The model has no shards: every photo is answered with 404.\n',
  ])
})

test('--watch lets a running nginx follow the model until Ctrl-C', async () => {
  const [first, second] = [await startNode(), await startNode()]
  await putOn(first, '/a', Buffer.from('of the first'))
  await putOn(second, '/a', Buffer.from('of the second'))
  const { file, tree } = await describeCluster([first])
  const nginx = await NginxProcess.start(({ directory, port }) => {
    return `pid "${directory}/nginx.pid"; events {} http { access_log off; server { listen 127.0.0.1:${port}; return 204; } }`
  })
  onTestFinished(() => nginx.close())
  const place = ['--work-dir', nginx.directory, '--output', nginx.configPath]
  const listen = ['--listen', `127.0.0.1:${nginx.port}`]
  const running = run('--file', file, '--watch', ...listen, ...place)
  const answer = async (target: string) => (await ask(nginx.port, target)).body.toString()
  await expect.poll(() => answer('/1:a')).toBe('of the first')
  await addShardOn(tree, '2', second)
  await expect.poll(() => answer('/2:a')).toBe('of the second')
  process.emit('SIGINT')
  const { exitCode, stdout, stderr } = await running
  expect([exitCode, stdout]).toEqual([0, ''])
  expect(stderr).toContain('nginx reloads.')
  expect(existsSync(nginx.configPath)).toBe(true)
})
