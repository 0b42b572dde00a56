import { readCluster } from '@backpack/cluster-model'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { adminToken, BucketCluster, bucketFile, readerToken, writerToken } from './bucket-cluster.js'
import { type CliResult, useBuiltCli } from './built-cluster-cli.js'

useBuiltCli()

let cluster: BucketCluster

beforeEach(async () => {
  cluster = new BucketCluster()
  await cluster.initialise()
})
afterEach(() => cluster.remove())

const importAll = () => cluster.run(['bucket', 'import', cluster.buckets, '--size', '1gb'])

function expectNoToken({ stdout, stderr }: CliResult): void {
  for (const token of [readerToken, writerToken, adminToken, 'secure']) {
    expect(stdout + stderr).not.toContain(token)
  }
}

async function write(path: string, text: string): Promise<void> {
  await cluster.edit(async (tree) => {
    const node = await tree.get(path)
    if (node === undefined) await tree.create(path, Buffer.from(text))
    else await tree.set(path, Buffer.from(text), node.version)
  })
}

describe('bucket import', () => {
  test("takes over Backrunner's bucket file, with shards for what is new", async () => {
    const result = await importAll()
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.stdout.split('\n').slice(0, 2)).toEqual([
      'Made shard b1 of size 1gb that consist of nodes 1,2',
      'Bucket b1: users * (read, unsigned), writer (read, write)',
    ])
    expect(result.stdout).toContain('\nAdministration: users root (admin)\n')
    expectNoToken(result)
    const { shards, adminAccess, problems } = await cluster.edit(readCluster)
    expect(problems).toEqual([])
    expect([...shards.keys()]).toEqual(Object.keys(bucketFile.buckets))
    for (const { access } of shards.values()) {
      const users = typeof access === 'object' ? [...access.users.values()] : []
      expect(users.map(({ user, token, flags }) => ({ user, token: token.reveal(), flags }))).toEqual(
        bucketFile.generic.acl,
      )
    }
    expect(adminAccess).toMatchObject({ users: new Map([['root', { flags: 4 }]]) })
  })

  test('reads standard input for -', async () => {
    const input = JSON.stringify(bucketFile)
    const result = await cluster.run(['bucket', 'import', '-', '--size', '1gb', '--json'], { input })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(result.stdout)).toMatchObject({ dryRun: false, warnings: [], changed: true })
    expectNoToken(result)
    expect((await cluster.edit(readCluster)).shards.size).toBe(5)
  })

  test('does nothing with --dry-run', async () => {
    const result = await cluster.run(['bucket', 'import', cluster.buckets, '--size', '1gb', '--dry-run'])
    expect(result.stderr).toContain('Dry run, nothing is changed.')
    expect(result.stdout).toContain('Bucket b5: users')
    expectNoToken(result)
    expect((await cluster.edit(readCluster)).shards.size).toBe(0)
  })

  test('without a size refuses shards that are missing, all of them', async () => {
    const result = await cluster.run(['bucket', 'import', cluster.buckets])
    expect(result).toMatchObject({ code: 1, stdout: '' })
    for (const id of Object.keys(bucketFile.buckets))
      expect(result.stderr).toContain(`no shard ${id}: make it`)
    expectNoToken(result)
  })

  test('changes the nodes of a shard with --update only', async () => {
    await importAll()
    const moved = cluster.write('moved.json', '{"buckets":{"b1":{"groups":[1]}}}')
    const refused = await cluster.run(['bucket', 'import', moved])
    expect(refused.stderr).toContain('Shard b1 has nodes 1,2, the file says 1')
    expect(refused.code).toBe(1)
    expect((await cluster.run(['bucket', 'import', moved, '--update'])).code).toBe(0)
    expect((await cluster.edit(readCluster)).shards.get('b1')?.nodes.length).toBe(1)
  })

  test.each([
    { what: 'no JSON', text: `{"generic":{"acl":[{"token": ${writerToken}`, says: /is not valid JSON\.\n$/ },
    {
      what: 'twice wrong',
      text: `{"generic":{"acl":[{"user":"a","token":"${writerToken}","flags":9}]},"buckets":{"b1":{}}}`,
      says: /^generic\.acl\.0\.flags: .*\nbuckets\.b1\.groups: /,
    },
    { what: 'empty', text: '', says: /is not valid JSON/ },
  ])('refuses a file that is $what without showing a token', async ({ text, says }) => {
    const result = await cluster.run(['bucket', 'import', '-'], { input: text })
    expect(result.stderr).toMatch(says)
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expectNoToken(result)
  })

  test('says so when there is no such file', async () => {
    const { code, stderr } = await cluster.run(['bucket', 'import', '/nowhere/buckets.json'])
    expect(stderr).toBe('/nowhere/buckets.json: there is no such file or directory\n')
    expect(code).toBe(1)
  })
})

describe('bucket show', () => {
  beforeEach(importAll)

  test('shows users, flags in words, limits and masked tokens in a table', async () => {
    const limited = { buckets: { b2: { groups: [3, 4], 'max-size': 2 ** 30, 'max-key-num': 5000 } } }
    await cluster.run(['bucket', 'import', '-'], { input: JSON.stringify(limited) })
    const result = await cluster.run(['bucket', 'show', 'b1', 'b2'])
    expect(result).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        'bucket  groups  max size  max blobs  user    may                       token',
        'b1      1,2         none       none  *       read, unsigned            ********',
        '                                     writer  read, write               ********',
        'b2      3,4          1gb      5,000  -       everything, as everybody',
        '2 buckets',
        '',
        'Administration',
        '  user  may    token',
        '  root  admin  ********',
        '',
      ].join('\n'),
    })
  })

  test('prints one JSON object with --json', async () => {
    const result = await cluster.run(['bucket', 'show', 'b4', '--json'])
    expect(JSON.parse(result.stdout)).toEqual({
      buckets: [
        {
          id: 'b4',
          groups: ['7', '8', '9'],
          access: 'acl',
          acl: [
            { user: '*', token: '********', flags: 1, may: 'read, unsigned' },
            { user: 'writer', token: '********', flags: 2, may: 'read, write' },
          ],
          usedBytesMax: null,
          blobsMax: null,
        },
      ],
      admin: {
        access: 'acl',
        acl: [{ user: 'root', token: '********', flags: 4, may: 'admin' }],
      },
    })
  })

  test('shows all without names, and of one that cannot be understood that nobody may use it', async () => {
    await write('/shard-acl-b3', `{"acl":[{"token":"${writerToken}"}]}`)
    await write('/admin-acl', writerToken)
    const result = await cluster.run(['bucket', 'show'])
    expect(result.stdout.match(/nothing: the ACL cannot be understood/g)).toHaveLength(2)
    expect(result.stdout).toContain('\n5 buckets\n')
    expect(result.stderr).toContain('Warning: /shard-acl-b3 cannot be read: acl.0.user')
    expect(result.code).toBe(0)
    expectNoToken(result)
  })

  test('of one that there is not exits with 1', async () => {
    const result = await cluster.run(['bucket', 'show', 'b1', 'b9'])
    expect(result).toEqual({
      code: 1,
      stdout: '',
      stderr: 'There is no bucket b9; there are b1,b2,b3,b4,b5.\n',
    })
  })

  test('cannot be imported again: masks are no tokens', async () => {
    const acl = [{ user: '*', token: '********', flags: 1 }]
    const input = JSON.stringify({ buckets: { b1: { groups: [1, 2], acl } } })
    const { code, stderr } = await cluster.run(['bucket', 'import', '-'], { input })
    expect(stderr).toContain('buckets.b1.acl.0.token: is a mask, not a token')
    expect(code).toBe(1)
  })
})

test.each([
  ['shard', 'list'],
  ['shard', 'list', '--json'],
  ['stats', '--json'],
  ['status', '--json'],
  ['status'],
])('%s %s shows no ACL', async (...args) => {
  await importAll()
  const result = await cluster.run(args)
  expect(result.code).toBe(0)
  expect(result.stdout).not.toMatch(/writer|\*\*\*/)
  expectNoToken(result)
  if (args[0] === 'shard') expect(result.stdout).toContain('acl')
})
