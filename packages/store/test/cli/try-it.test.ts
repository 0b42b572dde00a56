// The line that a store prints at its start works when it is pasted.
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { tryIt } from '../../src/cli/try-it.js'

const url = 'http://127.0.0.1:10001/'
const open = { url, hasSecret: false, clusterSecretFile: undefined, refuseUnsignedReads: false }
const secured = { ...open, hasSecret: true }

test('a store that asks for nothing is tried with curl', () => {
  const line = `Try it: curl -X PUT --data 'hello' '${url}hello.txt' && curl '${url}hello.txt'`
  expect(tryIt(open)).toBe(line)
})

test('one that serves links only is not read', () => {
  const line = `Try it: curl -X PUT --data 'hello' '${url}hello.txt'`
  expect(tryIt({ ...open, refuseUnsignedReads: true })).toBe(line)
})

test('one with a secret is tried with a command that signs, and so is a read where it has to be signed', () => {
  const options = `--url '${url}' --cluster-secret-file '/etc/secret'`
  const put = `Try it: echo hello | backpack upload - --name hello.txt ${options} && `
  const given = { ...secured, clusterSecretFile: '/etc/secret' }
  expect(tryIt(given)).toBe(`${put}curl '${url}hello.txt'`)
  const get = `backpack get hello.txt ${options}`
  expect(tryIt({ ...given, refuseUnsignedReads: true })).toBe(`${put}${get}`)
})

test('with the secret in the environment it says where the line works', () => {
  expect(tryIt(secured)).toMatch(
    /^Try it where BACKPACK_CLUSTER_SECRET is set: echo hello \| backpack upload - /,
  )
})

test('a path is quoted for a shell', () => {
  const file = "it's a $(secret)"
  const [, quoted = ''] =
    /--cluster-secret-file (.*) &&/.exec(tryIt({ ...secured, clusterSecretFile: file })) ?? []
  expect(execFileSync('/bin/sh', ['-c', `printf %s ${quoted}`]).toString()).toBe(file)
})
