// The admin part of the coordinator's README of 2013, command for command against a real ZooKeeper, with its slips mended:
// shard 3 has id 3, server 6 a port of its own.
import { ZooKeeperEnsemble } from '@backpack/test-cluster'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../helpers/until.js'
import { type CliResult, runCli, useBuiltCli } from './built-cli.js'

useBuiltCli()

const usages = {
  init: '<zk_servers> </zk/root> <queue_key> <redis1:port,redis2:port>',
  'add-server': '<zk_servers> </zk/root> <id> <url>',
  'add-shard': '<zk_servers> </zk/root> <id> <node,node> <size such as 100gb>',
  'enable-shard': '<zk_servers> </zk/root> <id>',
  'disable-shard': '<zk_servers> </zk/root> <id>',
  'dump-shards': '<zk_servers> </zk/root>',
  'print-stats': '<zk_servers> </zk/root>',
  'set-queue': '<zk_servers> </zk/root> <key> <host:port,host:port>',
}

let zooKeeper: ZooKeeperEnsemble
let roots = 0
let root = ''

beforeAll(async () => {
  zooKeeper = await ZooKeeperEnsemble.start()
})
afterAll(() => zooKeeper.close())
beforeEach(() => {
  root = `/backpack-${++roots}`
})

/** Runs `backpack-coordinator-<name>` on this test's root. */
function run(name: keyof typeof usages, ...args: string[]) {
  return runCli(`backpack-coordinator-${name}`, [zooKeeper.connectString, root, ...args])
}

/** Runs it, and expects nothing but `stdout` of it. */
async function expectOutput(stdout: string, name: keyof typeof usages, ...args: string[]): Promise<void> {
  expect(await run(name, ...args)).toEqual({ code: 0, stdout, stderr: '' })
}

async function setUpShards(): Promise<void> {
  await run('init', 'backpack-queue', 'one:13001,two:13002')
  // Several admins at once: none of it is lost.
  await Promise.all(
    [1, 2, 3, 4].map((id) =>
      run('add-server', String(id), `http://${id < 3 ? 'one' : 'two'}:${10_000 + id}`),
    ),
  )
  await run('add-shard', '1', '1,3', '100gb')
}

describe('the walk-through of 2013', () => {
  test('prints what it printed then', async () => {
    await expectOutput(
      'Servers map initialized\nShards map initialized\nQueue initialized\n',
      'init',
      'backpack-queue',
      'one:13001,two:13002',
    )
    for (const id of [1, 2, 3, 4, 5, 6]) {
      const url = `http://${id < 4 ? 'one' : 'two'}:${10_000 + id}`
      await expectOutput(`Added ${url} as ${id}\n`, 'add-server', String(id), url)
    }
    for (const [id, nodes] of Object.entries({ 1: '1,4', 2: '2,5', 3: '3,6' })) {
      const made = `Made shard ${id} of size 100gb that consist of nodes ${nodes}\n`
      await expectOutput(made, 'add-shard', id, nodes, '100gb')
    }
    await expectOutput('Enabled shard 1 for writing\n', 'enable-shard', '1')
    const stats = [
      'Shards:',
      '1 [1, 4]: 0b / 100gb (0%) rw',
      '2 [2, 5]: 0b / 100gb (0%) r',
      '3 [3, 6]: 0b / 100gb (0%) r',
      'Overall: 0b / 300gb (0%)',
      '',
    ].join('\n')
    await expectOutput(stats, 'print-stats')
    await expectOutput(dumpedShards, 'dump-shards')
    await expectOutput('Shard 1 is read-only now\n', 'disable-shard', '1')
    await expectOutput('Queue info updated!\n', 'set-queue', 'backpack-queue', 'one:13001,two:13003')
  }, 180_000)

  test('leaves no session behind', async () => {
    const expired = async () => /^zk_stale_sessions_expired\t(\d+)$/m.exec(await ask('mntr'))?.[1]
    const before = await expired()
    expect(before).toBeDefined()
    await setUpShards()
    await run('add-server', '1', 'nonsense')
    // A command that is over has said so; ZooKeeper writes it down before it counts.
    await until(async () => /^zk_global_sessions\t0$/m.test(await ask('mntr')), 'every session has ended')
    expect(await expired()).toBe(before)
  })
})

const dumpedShards = `{
    "1": {
        "enabled": true,
        "nodes": {
            "1": {
                "host": "one",
                "port": "10001"
            },
            "4": {
                "host": "two",
                "port": "10004"
            }
        }
    },
    "2": {
        "enabled": false,
        "nodes": {
            "2": {
                "host": "one",
                "port": "10002"
            },
            "5": {
                "host": "two",
                "port": "10005"
            }
        }
    },
    "3": {
        "enabled": false,
        "nodes": {
            "3": {
                "host": "one",
                "port": "10003"
            },
            "6": {
                "host": "two",
                "port": "10006"
            }
        }
    }
}
`

test('init again says that everything is there', async () => {
  await run('init', 'backpack-queue', 'one:13001')
  expect(await run('init', 'other', 'one:13002')).toEqual({
    code: 0,
    stdout: 'Servers map already initialized\nShards map already initialized\nQueue already initialized\n',
    stderr: 'Warning: The queue stays as it is: backpack-queue on one:13001.\n',
  })
})

test('an id that exists is updated, with a warning on standard error', async () => {
  await setUpShards()
  expect(await run('add-server', '1', 'http://[::1]:7')).toEqual({
    code: 0,
    stdout: 'Added http://[::1]:7 as 1\n',
    stderr: 'Warning: Server 1 existed already: its address was one:10001 and is [::1]:7 now.\n',
  })
  expect(await run('add-shard', '1', '2,4', '999gb')).toEqual({
    code: 0,
    stdout: 'Made shard 1 of size 999gb that consist of nodes 2,4\n',
    stderr:
      'Warning: Shard 1 existed already: only its nodes count, its size stays 100gb.\n' +
      'Warning: Its nodes were 1,3 and are 2,4 now.\n',
  })
  expect((await run('print-stats')).stdout).toContain('1 [2, 4]: 0b / 100gb (0%) r\n')
})

describe('a mistake', () => {
  let shared = ''
  let before: CliResult

  beforeAll(async () => {
    shared = root = '/backpack-mistakes'
    await setUpShards()
    before = await run('dump-shards')
  })
  beforeEach(() => {
    root = shared
  })

  test.each([
    { name: 'add-server', args: ['7', 'https://one:1'], says: /no address of a server/ },
    { name: 'add-server', args: ['7', 'http://one:10001'], says: /is server 1 already/ },
    { name: 'add-server', args: ['a b', 'http://one:1'], says: /is no id of a server/ },
    { name: 'add-shard', args: ['2', '8,9', '1gb'], says: /no server "8".*\n.*no server "9"/ },
    { name: 'add-shard', args: ['2', '1,2', '1gb'], says: /Server 1 is in shard 1/ },
    { name: 'add-shard', args: ['2', '2,2', '1gb'], says: /Node 2 is given more than once/ },
    { name: 'add-shard', args: ['2', '2,4', '0gb'], says: /must be above 0/ },
    { name: 'enable-shard', args: ['9'], says: /no shard 9/ },
    { name: 'disable-shard', args: ['9'], says: /no shard 9/ },
  ] as const)('$name $args is refused with a reason and changes nothing', async ({ name, args, says }) => {
    const { code, stdout, stderr } = await run(name, ...args)
    expect(stderr).toMatch(says)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(await run('dump-shards')).toEqual(before)
  })
})

test.each([
  { name: 'add-shard', args: ['2', '2,4', 'much'], says: /size: must be a size such as/ },
  { name: 'set-queue', args: ['q', 'one'], says: /redis-servers: must be host:port/ },
  { name: 'init', args: ['q', 'one:0'], says: /redis-servers: must be host:port/ },
] as const)('$name $args is refused as a wrong command line', async ({ name, args, says }) => {
  const { code, stdout, stderr } = await run(name, ...args)
  expect(stderr).toMatch(says)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})

test('before init every command but init says so', async () => {
  const results = await Promise.all([
    run('add-server', '1', 'http://one:1'),
    run('enable-shard', '1'),
    run('dump-shards'),
    run('print-stats'),
    run('set-queue', 'q', 'one:1,two:2'),
  ])
  for (const { code, stdout, stderr } of results) {
    expect(stderr).toMatch(/not initialised/)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  }
})

test('without arguments each command prints its usage and exits 1', async () => {
  const names = Object.keys(usages)
  const results = await Promise.all(names.map((name) => runCli(`backpack-coordinator-${name}`, [])))
  for (const [index, [name, usage]] of Object.entries(usages).entries()) {
    const stdout = `Usage: backpack-coordinator-${name} ${usage}\n`
    expect(results[index]).toEqual({ code: 1, stdout, stderr: '' })
  }
})

test('the help of each command has an example', async () => {
  const names = Object.keys(usages)
  const results = await Promise.all(names.map((name) => runCli(`backpack-coordinator-${name}`, ['--help'])))
  for (const [index, name] of names.entries()) {
    expect(results[index]?.stdout).toContain(`Example: backpack-coordinator-${name} one:2181 /backpack`)
    expect(results[index]?.code).toBe(0)
  }
})

/** One of ZooKeeper's four-letter words. */
async function ask(word: string): Promise<string> {
  const [host, port] = zooKeeper.connectString.split(':')
  const socket = connect(Number(port), host)
  let text = ''
  socket.setEncoding('utf8').on('data', (data: string) => {
    text += data
  })
  socket.write(word)
  await once(socket, 'close')
  return text
}
