import { isSignatureOf, Secret, signedText } from '@backpack/signing'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BucketCluster, bucketFile, readerToken, writerToken } from './bucket-cluster.js'
import { backpackCluster, startCli, useBuiltCli } from './built-cluster-cli.js'

useBuiltCli()

const cluster = new BucketCluster()

/** As the manual's, and b2 has another token for the writer, b3 no ACL, b4 one that cannot be understood. */
beforeAll(async () => {
  await cluster.initialise()
  const acl = [
    { user: 'writer', token: 'another token', flags: 2 },
    { user: 'Zoë & co', token: writerToken, flags: 2 },
  ]
  const { b1, b2, b3, b4 } = bucketFile.buckets
  const buckets = { b1, b2: { ...b2, acl }, b3: { ...b3, acl: [] }, b4 }
  const input = JSON.stringify({ ...bucketFile, buckets })
  expect((await cluster.run(['bucket', 'import', '-', '--size', '1gb'], { input })).code).toBe(0)
  await cluster.edit(async (tree) => {
    await tree.set('/shard-acl-b4', Buffer.from('{'), 0)
  })
})
afterAll(() => cluster.remove())

const sign = (args: readonly string[], input?: string) =>
  cluster.run(['sign', ...args], input === undefined ? {} : { input })

/** Takes a link apart as the gateway does, and checks it. */
function readLink(link: string, { method, token }: { method: string; token: string }) {
  const url = new URL(link.trimEnd(), 'http://base')
  const query = [...url.searchParams]
  const path = decodeURIComponent(url.pathname)
  const signature = url.searchParams.get('signature') ?? ''
  return {
    names: query.map(([name]) => name),
    path,
    user: url.searchParams.get('user'),
    secondsLeft: Number(url.searchParams.get('expires')) - Date.now() / 1000,
    valid: isSignatureOf(new Secret(token), signedText({ method, path, query }), signature),
  }
}

describe('sign', () => {
  test("prints a link with the token of the shard's ACL", async () => {
    const { code, stdout, stderr } = await sign([
      '--method',
      'GET',
      '--shard',
      'b1',
      '--name',
      'hi.txt',
      '--user',
      'writer',
      '--expires',
      '1h',
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^\/get\/b1\/hi\.txt\?expires=\d{10}&user=writer&signature=[0-9a-f]{128}\n$/)
    const { secondsLeft, ...link } = readLink(stdout, { method: 'GET', token: writerToken })
    expect(link).toEqual({
      names: ['expires', 'user', 'signature'],
      path: '/get/b1/hi.txt',
      user: 'writer',
      valid: true,
    })
    expect(Math.abs(secondsLeft - 3600)).toBeLessThan(60)
  })

  test.each([
    { args: [], method: 'GET', path: '/get/b1/hi.txt' },
    { args: ['--method', 'head'], method: 'GET', path: '/get/b1/hi.txt' },
    { args: ['--upload'], method: 'PUT', path: '/upload/b1/hi.txt' },
    { args: ['--method', 'PUT'], method: 'PUT', path: '/upload/b1/hi.txt' },
    { args: ['--method', 'POST', '--upload'], method: 'POST', path: '/upload/b1/hi.txt' },
  ])('$args is for $method $path', async ({ args, method, path }) => {
    const { stdout } = await sign([
      ...args,
      '--shard',
      'b1',
      '--name',
      'hi.txt',
      '--user',
      'writer',
      '--expires',
      '30s',
    ])
    expect(readLink(stdout, { method, token: writerToken })).toMatchObject({ path, valid: true })
  })

  test.each(['pets/Zoë & 100%?#.jpg', '//a+b%41'])('of the name %j leads to it', async (name) => {
    const { stdout } = await sign(['--shard', 'b1', `--name=${name}`, '--user', 'writer', '--expires', '7d'])
    expect(stdout).toMatch(/^[!-~]+\n$/)
    const link = readLink(stdout, { method: 'GET', token: writerToken })
    expect(link).toMatchObject({ path: `/get/b1/${name}`, valid: true })
  })

  test('has users of every script, and what stands before the link', async () => {
    const { stdout } = await sign([
      '--shard',
      'b2',
      '--name',
      'x',
      '--user',
      'Zoë & co',
      '--expires',
      '5m',
      '--base',
      'https://photos.example.com/',
    ])
    expect(stdout).toMatch(/^https:\/\/photos\.example\.com\/get\/b2\/x\?/)
    expect(readLink(stdout, { method: 'GET', token: writerToken })).toMatchObject({
      user: 'Zoë & co',
      valid: true,
    })
  })

  test('takes the token from standard input or a file, without a cluster', async () => {
    const args = ['sign', '--shard', 'any', '--name', 'x', '--user', 'u', '--expires', '1d']
    const lines = [` ${writerToken} `, ` ${writerToken} \n`, ` ${writerToken} \r\n`]
    const results = [
      ...lines.map((input) => backpackCluster([...args, '--token-file', '-'], { input })),
      backpackCluster([...args, '--token-file', cluster.write('token', lines[1] ?? '')]),
    ]
    for (const { code, stdout, stderr } of await Promise.all(results)) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(readLink(stdout, { method: 'GET', token: ` ${writerToken} ` }).valid).toBe(true)
    }
    const empty = await backpackCluster([...args, '--token-file', '-'], { input: '\n' })
    expect(empty).toMatchObject({ code: 1, stderr: 'Standard input is empty: it must hold a token.\n' })
  })

  test('of an upload without a shard goes where there is room, with a token that all shards share', async () => {
    const args = ['--upload', '--name', 'a/b.jpg', '--expires', '1h', '--user']
    const { stdout } = await sign([...args, 'Zoë & co'])
    expect(readLink(stdout, { method: 'PUT', token: writerToken })).toMatchObject({
      path: '/nobucket_upload/a/b.jpg',
      valid: true,
    })
    expect(await sign([...args, 'writer'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/different tokens in different shards/) as string,
    })
    expect(await sign([...args, '*'])).toMatchObject({
      code: 1,
      stderr: 'There is no shard whose ACL lets * write.\n',
    })
    expect((await sign([...args, 'writer', '--token-file', '-'], writerToken)).code).toBe(0)
  })

  test('prints one JSON object with --json', async () => {
    const { stdout } = await sign([
      '--shard',
      'b1',
      '--name',
      'x',
      '--user',
      'writer',
      '--expires',
      '1h',
      '--json',
      '--upload',
    ])
    expect(JSON.parse(stdout)).toEqual({
      method: 'PUT',
      link: expect.stringMatching(/^\/upload\/b1\/x\?/) as string,
      expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    })
  })

  test.each([
    { args: ['--shard', 'b9', '--user', 'u'], says: /no shard b9; there are b1,b2,b3,b4/ },
    { args: ['--shard', 'b1', '--user', 'mary'], says: /The ACL of shard b1 has no user mary/ },
    { args: ['--shard', 'b1', '--user', '*', '--upload'], says: /User \* may not write to shard b1/ },
    { args: ['--shard', 'b3', '--user', 'u'], says: /Shard b3 has no ACL: everybody/ },
    { args: ['--shard', 'b4', '--user', 'u'], says: /cannot be understood: nobody may use it/ },
    { args: ['--shard', 'b1', '--user', 'writer', '--name', 'a/../b'], says: /with \. or \.\./ },
    { args: ['--shard', 'b1', '--user', 'u', '--token-file', '/nowhere'], says: /no such file/ },
  ])('makes no link for $args', async ({ args, says }) => {
    const name = args.includes('--name') ? [] : ['--name', 'x']
    const { code, stdout, stderr } = await sign([...args, ...name, '--expires', '1h'])
    expect(stderr).toMatch(says)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test.each([
    { args: [], says: /^name: is missing\nuser: is missing\nexpires: must be a time from now/ },
    { args: ['--name', 'x', '--user', 'u', '--expires', '1h'], says: /^shard: is missing/ },
    { args: ['--name', 'x', '--user', 'u', '--expires', '0s', '--upload'], says: /^expires: / },
    { args: ['--name', 'x', '--user', 'u', '--expires', '3651d', '--upload'], says: /^expires: / },
    { args: ['--name', 'x', '--user', 'u', '--expires', '1h', '--method', 'DELETE'], says: /^method: / },
    {
      args: ['--name', 'x', '--user', 'u', '--expires', '1h', '--method', 'GET', '--upload'],
      says: /^method: /,
    },
    { args: ['--name', 'x', '--user', 'u', '--expires', '1h', '--token', 'secret'], says: /token/ },
  ])('$args is a wrong command line', async ({ args, says }) => {
    const { code, stdout, stderr } = await sign(args)
    expect(stderr).toMatch(says)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  test('shows no token: not in what it prints, not to who lists processes', async () => {
    const args = [
      'sign',
      '--shard',
      'b1',
      '--name',
      'x',
      '--user',
      'writer',
      '--expires',
      '1h',
      '--token-file',
      '-',
    ]
    const child = startCli(args, { input: writerToken })
    const closed = once(child, 'close')
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        printed += text
      })
    }
    const listed = execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(child.pid)], { encoding: 'utf8' })
    child.stdin?.end()
    await closed
    expect(listed).toContain('--token-file -')
    expect(printed).toContain('signature=')
    for (const token of [writerToken, readerToken]) expect(listed + printed).not.toContain(token)
  })
})
