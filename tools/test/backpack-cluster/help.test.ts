import { expect, test } from 'vitest'
import { backpackCluster, useBuiltCli } from './built-cluster-cli.js'

useBuiltCli()

const groups = ['server', 'shard', 'bucket', 'queue']
const commands = [
  'init',
  'server add',
  'server list',
  'server remove',
  'shard add',
  'shard list',
  'shard enable',
  'shard disable',
  'shard resize',
  'bucket import',
  'bucket show',
  'sign',
  'queue set',
  'queue show',
  'queue parked',
  'queue retry',
  'status',
  'stats',
  'why',
  'nginx',
]

test('without arguments it prints its usage and exits 1', async () => {
  const { code, stdout, stderr } = await backpackCluster([])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  for (const command of ['init', ...groups, 'status', 'stats']) {
    expect(stderr).toContain(`backpack-cluster ${command} `.trimEnd())
  }
})

test('--help has examples, the options that say which cluster, and the exit codes', async () => {
  const { code, stdout } = await backpackCluster(['--help'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/Examples:\n {2}backpack-cluster status/)
  expect(stdout).toMatch(/Which cluster:\n +--zookeeper .*\n(.|\n)*--root(.|\n)*--file/)
  expect(stdout).toContain('Exit codes: 0 done')
})

test.each([...groups, ...commands])('the help of %s has an example', async (command) => {
  const { code, stdout } = await backpackCluster([...command.split(' '), '--help'])
  expect(stdout).toMatch(new RegExp(`Examples:\\n(.|\\n)*backpack-cluster ${command}`))
  expect(stdout).toContain('--zookeeper')
  expect(code).toBe(0)
})

test('--version prints the version of the package', async () => {
  expect((await backpackCluster(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test.each([
  { args: ['frobnicate'], says: /There is no command frobnicate\.\nSee: backpack-cluster --help/ },
  { args: ['statsu'], says: /Did you mean stat(u)?s\?/ },
  { args: ['server'], says: /A command is missing\.\nSee: backpack-cluster server --help/ },
  { args: ['server', 'ad', '1', 'x'], says: /Did you mean add\?/ },
  { args: ['shard', 'add', '1'], says: /See: backpack-cluster shard add --help/ },
  { args: ['status', '--frobnicate'], says: /frobnicate\nSee: backpack-cluster status --help/ },
  { args: ['status', '--zookeeper', 'x:1', '--file', 'y'], says: /both are given/ },
  { args: ['status', '--root', ''], says: /root: needs a value/ },
  { args: ['shard', 'resize', '1', 'big', '--file', 'x'], says: /size: must be a size such as/ },
  { args: ['queue', 'set', 'q', 'one', '--file', 'x'], says: /servers: must be host:port/ },
  { args: ['queue', 'parked', '--limit', '0', '--file', 'x'], says: /limit: must be a whole number/ },
  {
    args: ['init', 'one:1', '--key', 'a', '--key', 'b', '--file', 'x'],
    says: /key: is given more than once/,
  },
])('$args is refused with exit code 2 and a hint', async ({ args, says }) => {
  const { code, stdout, stderr } = await backpackCluster(args)
  expect(stderr).toMatch(says)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})
