// Reading a configuration from disk: YAML or JSON, bounded, with the files it names.
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseConfigText, readConfigFile } from '../../../src/gateway/config/read-config-file.js'
import { temporaryDirectory } from '../../helpers/temporary-directory.js'
import { makeCertificate } from '../make-certificate.js'

async function problemsOf(file: string): Promise<string[]> {
  try {
    await readConfigFile(file)
  } catch (error) {
    const { code, details } = error as { code: string; details: { problems: string[] } }
    expect(code).toBe('INVALID_OPTIONS')
    return details.problems
  }
  return []
}

function written(text: string, name = 'gateway.yaml'): string {
  const file = join(temporaryDirectory(), name)
  writeFileSync(file, text)
  return file
}

describe('the text', () => {
  test.each([
    ['JSON', '{\n\t"proxy": {\n\t\t"headers": {\n\t\t\t"A": "b"\n\t\t}\n\t}\n}\n'],
    ['JSON in a line', '{"proxy":{"headers":{"A":"b"}}}'],
    ['YAML', 'proxy:\n  headers:\n    A: b\n'],
    [
      'YAML with brackets in a text',
      `# ${'['.repeat(99)}\nproxy:\n  headers: {A: "b"} # {{{{{{{{{{{{{{{{{{{{{{{{\n`,
    ],
    ['YAML with a comment', '# ours\nproxy: # this one\n  headers: {A: b}\n'],
  ])('may be %s', (_name, text) => {
    expect(parseConfigText(text)).toEqual({ proxy: { headers: { A: 'b' } } })
  })

  test.each([
    ['a line that ends too early', 'proxy: {\n  redirect-token: "hush', 'line 2, column 24'],
    ['a name that is there twice', 'proxy:\n  root: /hush\n  root: /a\n', 'line 3, column 3: this name'],
    ['a tag of somebody else', 'proxy: !hush 3', 'line 1, column 8'],
    ['an alias of nothing', 'proxy: *hush', 'neither YAML nor JSON'],
    ['aliases that multiply', bomb(), 'neither YAML nor JSON'],
    ['brackets without end', '['.repeat(50_000), 'more than 20 levels'],
    ['dashes without end', '- '.repeat(20_000), 'neither YAML nor JSON'],
    [
      'more levels than anybody needs',
      `{"proxy":${'['.repeat(60)}1${']'.repeat(60)}}`,
      'more than 20 levels',
    ],
  ])('with %s is refused, with the place and without the text', (_name, text, place) => {
    expect(() => parseConfigText(text)).toThrow(place)
    expect(() => parseConfigText(text)).toThrow(/^(?!.*hush)/s)
  })
})

function bomb(): string {
  const lines = ['a0: &a0 [hush, hush]']
  for (let at = 1; at < 30; at++) lines.push(`a${at}: &a${at} [*a${at - 1}, *a${at - 1}, *a${at - 1}]`)
  return `${lines.join('\n')}\n`
}

describe('the file', () => {
  test('that is missing, a directory, a pipe or too large is refused', async () => {
    const directory = temporaryDirectory()
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(await problemsOf(join(directory, 'none'))).toEqual([expect.stringContaining('ENOENT')])
    expect(await problemsOf(directory)).toEqual([`${directory} cannot be read: it is no regular file`])
    expect(await problemsOf(pipe)).toEqual([`${pipe} cannot be read: it is no regular file`])
    const large = written(`proxy:\n  root: /a # ${'x'.repeat(1024 * 1024)}\n`)
    expect(await problemsOf(large)).toEqual([`${large} cannot be read: it is larger than 1048576 bytes`])
  })
})

describe('files it names', () => {
  test('count from its own directory, and the token is read', async () => {
    const file = written('proxy:\n  redirect-token-file: token\n  redirect-port: node\n  root: public\n')
    const directory = join(file, '..')
    writeFileSync(join(directory, 'token'), 'the token in a file\n')
    const { config } = await readConfigFile(file)
    expect([config.root, config.redirectToken?.reveal()]).toEqual([
      join(directory, 'public'),
      'the token in a file',
    ])
    expect(JSON.stringify(config)).not.toContain('the token')
  })

  test('that cannot be used are told together, without what is in them', async () => {
    const file = written(
      'proxy:\n  redirect-token-file: short\n  https_address: ":0"\n  cert_file: short\n  key_file: short\n',
    )
    writeFileSync(join(file, '..', 'short'), 'hush')
    const problems = await problemsOf(file)
    expect(problems).toEqual([
      expect.stringMatching(/^proxy\.redirect-token-file: .*4 bytes/),
      expect.stringMatching(/^proxy\.cert_file: .*are no certificate with its key/),
    ])
    expect(problems.join()).not.toContain('hush')
  })

  test('that are pipes are refused, and nobody waits for their writers', async () => {
    const file = written(
      'proxy:\n  redirect-token-file: pipe\n  https_address: ":0"\n  cert_file: pipe\n  key_file: pipe\n',
    )
    const pipe = join(file, '..', 'pipe')
    execFileSync('mkfifo', [pipe])
    onTestFinished(() => closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)))
    expect(await problemsOf(file)).toEqual([
      `proxy.redirect-token-file: The redirect token cannot be read from ${pipe}: it is no regular file`,
      `proxy.cert_file: ${pipe} cannot be read: it is no regular file`,
      `proxy.key_file: ${pipe} cannot be read: it is no regular file`,
    ])
  })

  test('a key that is not of the certificate is refused', async () => {
    const file = written('proxy:\n  https_address: ":0"\n  cert_file: one.crt\n  key_file: other.key\n')
    const directory = join(file, '..')
    makeCertificate(directory, 'one')
    makeCertificate(directory, 'other')
    expect(await problemsOf(file)).toEqual([expect.stringContaining('are no certificate with its key')])
  })
})
