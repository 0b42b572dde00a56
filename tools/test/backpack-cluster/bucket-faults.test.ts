// Bucket files that say something twice, limits, and what is shown where nobody may administer.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { repeatedKeys } from '../../src/backpack-cluster/repeated-keys.js'
import { BucketCluster } from './bucket-cluster.js'
import { useBuiltCli } from './built-cluster-cli.js'

useBuiltCli()

let cluster: BucketCluster

beforeEach(async () => {
  cluster = new BucketCluster()
  await cluster.initialise()
})
afterEach(() => cluster.remove())

test('a file that names a bucket twice is refused, with both lines and without a token', async () => {
  const input = `{"buckets": {
    "b1": {"groups": [1], "acl": [{"user": "u", "token": "hush hush", "flags": 0}]},
    "b1": {"groups": [1], "max-size": 5, "max-size": 6}
  }}`
  const result = await cluster.run(['bucket', 'import', '-', '--size', '1gb'], { input })
  expect(result).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'Standard input: line 3: buckets.b1 stands there twice\n' +
      'Standard input: line 3: buckets.b1.max-size stands there twice\n',
  })
})

test('a limit is shown in one way by import and show', async () => {
  const input = JSON.stringify({ buckets: { b1: { groups: [1], 'max-size': 2_000_000 } } })
  const imported = await cluster.run(['bucket', 'import', '-', '--size', '1gb'], { input })
  expect(imported.stdout).toContain('at most 1.91mb on each node')
  expect((await cluster.run(['bucket', 'show'])).stdout).toMatch(/^b1 +1 +1\.91mb +none/m)
})

test('without an admin list nobody may administer, in JSON too; with one, only flag 4 counts', async () => {
  const adminOf = async () => {
    const { stdout } = await cluster.run(['bucket', 'show', '--json'])
    return (JSON.parse(stdout) as { admin: unknown }).admin
  }
  expect(await adminOf()).toEqual({ access: 'nobody', acl: [] })
  const acl = [3, 4, 5].map((flags) => ({ user: `u${flags}`, token: 'hush hush', flags }))
  const result = await cluster.run(['bucket', 'import', '-'], { input: JSON.stringify({ admin: { acl } }) })
  expect(result.stderr).toBe('Warning: Whoever calls himself u5 may administer without a signature.\n')
  expect(await adminOf()).toMatchObject({
    access: 'acl',
    acl: [{ may: 'nothing' }, { may: 'admin' }, { may: 'admin, unsigned' }],
  })
})

test.each([
  ['{}', []],
  ['[{"a":1},{"a":1}]', []],
  ['{"a":{"a":{"a":1}},"b":"a"}', []],
  ['{"a":1,"b":[{"c":"a","d":"c"}],"c":"c"}', []],
  ['{"a":"\\"a\\":1,","b":"{","c":"}"}', []],
  ['{"a":1,"a":2,"a":3}', ['line 1: a stands there twice', 'line 1: a stands there twice']],
  ['{"a":1,\n"\\u0061":2}', ['line 2: a stands there twice']],
  ['{"x":[0,{"y":[],\r\n\r\n"y" :{}}]}', ['line 3: x.1.y stands there twice']],
  ['[[],{"a":[1,{}],"a":1}]', ['line 1: 1.a stands there twice']],
  ['{"__proto__":1,"__proto__":2}', ['line 1: __proto__ stands there twice']],
  ['{"":1,"":2}', ['line 1:  stands there twice']],
])('in %j the repeated keys are %j', (text, expected) => {
  JSON.parse(text)
  expect(repeatedKeys(text)).toEqual(expected)
})

test('a sign command makes no link for a name that no store can hold, nor for what is no bucket', async () => {
  const sign = (shard: string, name: string) =>
    cluster.run(
      ['sign', '--shard', shard, `--name=${name}`, '--user', 'u', '--expires', '1h', '--token-file', '-'],
      { input: 'hush hush' },
    )
  const reserved = await sign('b1', 'stats')
  expect(reserved).toEqual({
    code: 1,
    stdout: '',
    stderr: 'The names "stats" and "-/…" are the stores\' own (NAME_RESERVED)\n',
  })
  expect((await sign('b1', 'a\nb')).code).toBe(1)
  expect((await sign('b1', 'x'.repeat(1_025))).code).toBe(1)
  const slashed = await sign('1/2', 'x')
  expect(slashed).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^shard: must be/) as string,
  })
})
