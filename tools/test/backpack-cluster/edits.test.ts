import { addServer, addShard, initCluster, openTree } from '@backpack/cluster-model'
import { TemporaryDirectory } from '@backpack/test-cluster'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backpackCluster, type CliResult, useBuiltCli } from './built-cluster-cli.js'

useBuiltCli()

let directory: TemporaryDirectory
let file = ''

beforeEach(async () => {
  directory = new TemporaryDirectory()
  mkdirSync(join(directory.path, 'data'))
  file = join(directory.path, 'data', 'cluster.json')
  const tree = await openTree({ file })
  await initCluster(tree, { queueKey: 'q', queueServers: [] })
  await tree.close()
})
afterEach(() => directory.remove())

function run(...args: string[]): Promise<CliResult> {
  return backpackCluster([...args, '--file', file])
}

/** Shard 1 of servers 1 and 4. */
async function setUpShard(): Promise<void> {
  const tree = await openTree({ file })
  await addServer(tree, { id: '1', url: 'http://one:10001', ifExists: 'refuse' })
  await addServer(tree, { id: '4', url: 'http://two:10004', ifExists: 'refuse' })
  await addShard(tree, { id: '1', nodes: ['1', '4'], capacityBytes: 100 * 2 ** 30, ifExists: 'refuse' })
  await tree.close()
}

describe('the commands that change the model', () => {
  test('say what they did', async () => {
    const said: string[] = []
    for (const args of [
      ['server', 'add', '1', 'http://one:10001'],
      ['server', 'add', '4', 'http://two:10004'],
      ['server', 'add', '5', 'http://two:10005'],
      ['shard', 'add', '1', '1,4', '1.5tb'],
      ['shard', 'enable', '1'],
      ['shard', 'resize', '1', '2tb'],
      ['shard', 'disable', '1'],
      ['server', 'remove', '5'],
      ['queue', 'set', 'q', 'one:13001,two:13002'],
    ]) {
      const { code, stdout, stderr } = await run(...args)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      said.push(stdout.trimEnd())
    }
    expect(said).toEqual([
      'Added http://one:10001 as 1',
      'Added http://two:10004 as 4',
      'Added http://two:10005 as 5',
      'Made shard 1 of size 1.5tb that consist of nodes 1,4',
      'Enabled shard 1 for writing',
      'Shard 1 has size 2tb now, it was 1.5tb',
      'Shard 1 is read-only now',
      'Removed server 5, http://two:10005',
      'Queue info updated!',
    ])
  })

  test('refuse an id in use unless told to update it', async () => {
    await setUpShard()
    const again = ['server', 'add', '1', 'http://three:1']
    const refused = await run(...again)
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/Server 1 exists already/)
    expect(await run(...again, '--update')).toMatchObject({
      code: 0,
      stderr: 'Warning: Server 1 existed already: its address was one:10001 and is three:1 now.\n',
    })
  })

  test.each([
    { args: ['shard', 'add', '2', '8,9', '1gb'], says: /no server "8"/ },
    { args: ['shard', 'add', '2', '4', '1gb'], says: /Server 4 is in shard 1/ },
    { args: ['shard', 'add', '2', ',', '1gb'], says: /at least one node/ },
    { args: ['shard', 'resize', '1', '0'], says: /must be above 0/ },
    { args: ['server', 'remove', '4'], says: /still in shard 1/ },
    { args: ['shard', 'enable', '1', '7'], says: /no shard 7/ },
  ])('$args is refused with a reason', async ({ args, says }) => {
    await setUpShard()
    const { code, stderr } = await run(...args)
    expect(stderr).toMatch(says)
    expect(code).toBe(1)
  })

  test('do nothing with --dry-run but say what they would do', async () => {
    await setUpShard()
    const before = readFileSync(file, 'utf8')
    for (const args of [
      ['shard', 'enable', '1'],
      ['server', 'add', '7', 'http://x:1'],
      ['queue', 'set', 'other', 'x:1,y:2'],
      ['shard', 'resize', '1', '1gb'],
    ]) {
      const { code, stdout, stderr } = await run(...args, '--dry-run')
      expect(stderr).toContain('Dry run, nothing is changed. It would say:')
      expect(stdout).not.toBe('')
      expect(code).toBe(0)
    }
    expect((await run('server', 'remove', '1', '--dry-run')).code).toBe(1)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  test('print one JSON object per edit with --json', async () => {
    await setUpShard()
    const { stdout } = await run('shard', 'enable', '1', '--json')
    expect(JSON.parse(stdout)).toEqual({
      dryRun: false,
      done: ['Enabled shard 1 for writing'],
      warnings: [],
      changed: true,
    })
  })
})

describe('the commands that look at the model', () => {
  beforeEach(setUpShard)

  test('list servers and shards in tables', async () => {
    await run('server', 'add', '7', 'http://[::1]:7')
    expect((await run('server', 'list')).stdout).toBe(
      [
        'server  address           shard',
        '1       http://one:10001  1',
        '4       http://two:10004  1',
        '7       http://[::1]:7    none',
        '3 servers',
        '',
      ].join('\n'),
    )
    expect((await run('shard', 'list')).stdout).toBe(
      [
        'shard  state      access  used    size  nodes',
        '1      read-only  open     0 B  100 GB  1,4',
        '1 shard',
        '',
      ].join('\n'),
    )
  })

  test('print JSON with --json', async () => {
    expect(JSON.parse((await run('server', 'list', '--json')).stdout)).toContainEqual({
      id: '1',
      host: 'one',
      port: 10_001,
      url: 'http://one:10001',
      shard: '1',
    })
    expect(JSON.parse((await run('shard', 'list', '--json')).stdout)).toMatchObject([
      { id: '1', writable: false, access: 'open', capacityBytes: 100 * 2 ** 30, currentBytes: 0 },
    ])
    expect(JSON.parse((await run('stats', '--json')).stdout)).toMatchObject({
      servers: 2,
      shards: 1,
      writableShards: 0,
      capacityBytes: 100 * 2 ** 30,
      usedBytes: 0,
    })
  })

  test('show the totals for people', async () => {
    const { stdout } = await run('stats')
    expect(stdout).toContain('1 shard, 0 of them writable, on 2 servers\n0 B of 100 GB used (0 %)')
  })
})

describe('which cluster it is about', () => {
  test('is found by itself when it is embedded and in ./data', async () => {
    const { code, stdout } = await backpackCluster(['server', 'list'], { cwd: directory.path })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'server  address  shard\n0 servers\n' })
  })

  test('can be said by the environment', async () => {
    const { code } = await backpackCluster(['stats'], { env: { BACKPACK_FILE: file } })
    expect(code).toBe(0)
  })

  test('has to be said when there is none', async () => {
    const { code, stderr } = await backpackCluster(['stats'], { cwd: join(directory.path, 'data') })
    expect(stderr).toMatch(/^Which cluster\? Give --zookeeper/)
    expect(code).toBe(2)
  })

  test('is not made by looking at it', async () => {
    const missing = join(directory.path, 'nothing.json')
    const { code, stderr } = await backpackCluster(['stats', '--file', missing])
    expect(stderr).toContain(`${missing} does not exist.`)
    expect(code).toBe(1)
  })
})
