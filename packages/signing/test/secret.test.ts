// A secret shows itself nowhere by accident.
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { format, inspect } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { readSecret, Secret, SecretError } from '../src/index.js'

const text = 'correct horse battery'

it('is masked as text, JSON, and whatever a log makes of it', () => {
  const secret = new Secret(text)
  const shown = [
    `${String(secret)}`,
    JSON.stringify({ secret }),
    inspect({ secret }),
    format('%s %o %j', secret, secret, secret),
  ]
  for (const each of shown) expect(each).not.toContain(text)
  expect(Object.values(secret)).toEqual([])
  expect(secret.reveal()).toBe(text)
})

it('comes from a file without the line end, else from the environment', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'backpack-secret-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'secret')
  writeFileSync(file, `${text}\n`)
  expect((await readSecret({ file, environment: 'x', noun: 'secret' }))?.reveal()).toBe(text)
  expect((await readSecret({ file: undefined, environment: text, noun: 'secret' }))?.reveal()).toBe(text)
  expect(await readSecret({ file: undefined, environment: undefined, noun: 'secret' })).toBeUndefined()
})

it('comes from a file of its own, not from a pipe, a directory or a large file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'backpack-secret-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const pipe = join(directory, 'pipe')
  execFileSync('mkfifo', [pipe])
  // Whoever waits for it is let go.
  onTestFinished(() => closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)))
  const large = join(directory, 'large')
  writeFileSync(large, `${text}${'\n'.repeat(64 * 1024)}`)
  for (const [file, why] of [
    [pipe, 'it is no regular file'],
    [directory, 'it is no regular file'],
    [large, 'it is larger than 65536 bytes'],
  ] as const) {
    const read = readSecret({ file, environment: undefined, noun: 'token' })
    await expect(read).rejects.toThrow(`The token cannot be read from ${file}: ${why}`)
  }
})

it('must be there and be long enough; the message does not show it', async () => {
  await expect(
    readSecret({ file: '/does/not/exist', environment: undefined, noun: 'token' }),
  ).rejects.toThrow(/token cannot be read.*ENOENT/)
  const short = readSecret({ file: undefined, environment: 'too short', noun: 'token' })
  await expect(short).rejects.toThrow(SecretError)
  await expect(short).rejects.not.toThrow(/too short/)
})

it.each([
  ['bytes that are no UTF-8', Buffer.alloc(32, 0xff)],
  ['other bytes that are no UTF-8', Buffer.from('fe80'.repeat(16), 'hex')],
  ['what such bytes become', Buffer.from('\ufffd'.repeat(32))],
  ['a line end inside', Buffer.from(`${text}\n${text}`)],
  ['a NUL inside', Buffer.from(`${text}\0${text}`)],
])('is text: refuses %s, and says how to make one', async (_, bytes) => {
  const directory = mkdtempSync(join(tmpdir(), 'backpack-secret-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'secret')
  writeFileSync(file, bytes)
  const read = readSecret({ file, environment: undefined, noun: 'token' })
  await expect(read).rejects.toThrow(SecretError)
  await expect(read).rejects.toThrow(
    `The token in ${file} is not a line of UTF-8 text; \`openssl rand -hex 32\``,
  )
  await expect(read).rejects.not.toThrow(text)
})

it('is text in the environment, too, where bytes that are no UTF-8 have become something else', async () => {
  const mangled = Buffer.alloc(32, 0xff).toString('utf8')
  const read = readSecret({ file: undefined, environment: mangled, noun: 'secret' })
  await expect(read).rejects.toThrow('The secret is not a line of UTF-8 text')
  await expect(readSecret({ file: undefined, environment: '\ud800'.repeat(32), noun: 'x' })).rejects.toThrow(
    SecretError,
  )
  const umlauts = await readSecret({ file: undefined, environment: ' zwölf Boxkämpfer jagen ', noun: 'x' })
  expect(umlauts?.reveal()).toBe('zwölf Boxkämpfer jagen')
})
