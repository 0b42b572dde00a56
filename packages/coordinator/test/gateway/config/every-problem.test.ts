// Whoever mends a configuration is told everything at once: of its text, its names, the files it names, and its address.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { LiveConfig } from '../../../src/gateway/config/live-config.js'
import { parseConfigText } from '../../../src/gateway/config/read-config-file.js'
import { temporaryDirectory } from '../../helpers/temporary-directory.js'
import { thrownBy } from '../../helpers/thrown.js'
import { makeCertificate } from '../make-certificate.js'

const log = { info() {}, warn() {}, error() {} }

interface Refusal {
  readonly code: string
  readonly details: { readonly problems: string[] }
}

async function problemsOf(work: () => Promise<unknown>): Promise<string[]> {
  const { code, details } = (await thrownBy(work)) as unknown as Refusal
  expect(code).toBe('INVALID_OPTIONS')
  return details.problems
}

function written(text: string): string {
  const file = join(temporaryDirectory(), 'gateway.yaml')
  writeFileSync(file, text)
  return file
}

const startProblems = (text: string) => problemsOf(() => LiveConfig.open(written(text), { log }))

describe('at the start', () => {
  test('names, files and the address are told in one round', async () => {
    const file = written(
      'proxy:\n  frob: 1\n  idle-timeout: soon\n  redirect-port: node\n  redirect-token-file: token\n' +
        '  cert_file: site.crt\n  key_file: /none\n',
    )
    writeFileSync(join(file, '..', 'token'), 'short')
    expect(await problemsOf(() => LiveConfig.open(file, { log }))).toEqual([
      'proxy.idle-timeout: must be a number of seconds from 0.05 to 86400',
      'proxy.frob: there is no such name',
      expect.stringMatching(/^proxy\.redirect-token-file: .*5 bytes/),
      'proxy.address: is missing; https_address would do too',
    ])
  })

  test('of certificate and key each is told by its own name, also when https_address is none', async () => {
    const problems = await startProblems(
      'proxy:\n  https_address: x\n  cert_file: /none\n  key_file: /nowhere\n',
    )
    expect(problems).toEqual([
      'proxy.https_address: must be host:port, [IPv6]:port or :port',
      expect.stringMatching(/^proxy\.cert_file: \/none cannot be read: ENOENT/),
      expect.stringMatching(/^proxy\.key_file: \/nowhere cannot be read: ENOENT/),
    ])
    expect(await startProblems('proxy:\n  https_address: ":0"\n  cert_file: /none\n')).toEqual([
      'proxy.key_file: is needed with https_address',
      expect.stringMatching(/^proxy\.cert_file: \/none cannot be read/),
    ])
  })

  test.each(['proxy: {}', 'proxy:\n  address: ""\n  https_address:\n'])(
    'a configuration without an address is refused: %j',
    async (text) => {
      expect(await startProblems(text)).toEqual(['proxy.address: is missing; https_address would do too'])
    },
  )

  test('one address of the two is enough', async () => {
    const file = written(
      'proxy:\n  https_address: 127.0.0.1:0\n  cert_file: site.crt\n  key_file: site.key\n',
    )
    makeCertificate(join(file, '..'), 'site')
    const live = await LiveConfig.open(file, { log })
    await live.close()
    expect(live.config.httpsAddress?.port).toBe(0)
  })
})

describe('of a text that is no YAML', () => {
  test('every fault is told, with its place', async () => {
    const text = 'proxy:\n  root: "hush" hush\n  headers: {A: b\n  cert_file: [1\n'
    const problems = await startProblems(text)
    expect(problems.length).toBeGreaterThan(1)
    expect(new Set(problems).size).toBe(problems.length)
    for (const problem of problems)
      expect(problem).toMatch(/^line \d, column \d+: this is neither YAML nor JSON \([A-Z_]+\)$/)
    expect(problems[0]).toContain('line 2, column 16')
  })

  test('a name that is there twice is called so, beside the other problems', async () => {
    const text = 'proxy:\n  frob: hush\n  root: /hush\n  root: /a\n'
    expect(await startProblems(text)).toEqual([
      'line 4, column 3: this name is there twice',
      'proxy.frob: there is no such name',
      'proxy.address: is missing; https_address would do too',
    ])
    expect(() => parseConfigText(text)).toThrow('this name is there twice')
  })
})

describe('over HTTP', () => {
  test('paths of other files are told beside the other problems, and those files are not looked at', async () => {
    const file = written(
      'proxy:\n  address: 127.0.0.1:0\n  redirect-token-file: token\n  redirect-port: node\n',
    )
    const token = join(file, '..', 'token')
    writeFileSync(token, 'a token of enough bytes')
    const live = await LiveConfig.open(file, { log })
    onTestFinished(() => live.close())
    const sent = { 'idle-timeout': 'soon', frob: 1, root: '/etc', cert_file: '/none', https_address: ':0' }
    const problems = await problemsOf(() => live.replace({ proxy: sent }))
    expect(problems).toEqual([
      'proxy.cert_file: can be changed in the file only',
      'proxy.root: can be changed in the file only',
      'proxy.idle-timeout: must be a number of seconds from 0.05 to 86400',
      'proxy.frob: there is no such name',
      'proxy.key_file: is needed with https_address',
    ])
    writeFileSync(token, 'short')
    expect(await problemsOf(() => live.replace({ proxy: { frob: 1 } }))).toEqual([
      'proxy.frob: there is no such name',
      expect.stringMatching(/^proxy\.redirect-token-file: .*5 bytes/),
    ])
  })
})

test('a name with nothing behind it is as good as none', async () => {
  const nothing = ['headers', 'content-types', 'root', 'idle-timeout', 'redirect-port', 'redirect-token']
  const lines = nothing.map((name) => `  ${name}:\n`).join('')
  const live = await LiveConfig.open(written(`elliptics:\nproxy:\n  address: 127.0.0.1:0\n${lines}`), { log })
  await live.close()
  expect(live.config).toMatchObject({ headers: [], contentTypes: [], root: undefined, idleTimeoutMs: 60_000 })
  expect(await startProblems('proxy:\n  address: ":0"\n  frob:\n')).toEqual([
    'proxy.frob: there is no such name',
  ])
})
