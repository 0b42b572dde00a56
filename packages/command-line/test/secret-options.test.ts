// Secrets in files that others may read, and in an environment that mangled them.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readClusterSecret, readSecretFile } from '../src/index.js'

const text = 'correct horse battery'

function secretFile(mode: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'backpack-secret-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'secret')
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

function notes(): string[] {
  const written: string[] = []
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((note) => written.push(String(note)) > 0)
  onTestFinished(() => spy.mockRestore())
  return written
}

test.each([0o644, 0o640, 0o604])('a secret file of mode %o is used, with a warning', async (mode) => {
  const written = notes()
  const file = secretFile(mode)
  expect((await readClusterSecret(file))?.reveal()).toBe(text)
  expect(written).toEqual([`Warning: ${file} is readable by others: chmod 600 ${file}\n`])
  await readSecretFile(file, 'redirect token')
  expect(written).toHaveLength(2)
})

test.each([0o600, 0o400])('a secret file of mode %o is used without a word', async (mode) => {
  const written = notes()
  expect((await readClusterSecret(secretFile(mode)))?.reveal()).toBe(text)
  expect(written).toEqual([])
})

test('a secret in the environment that was no text is refused, and it is said how to make one', async () => {
  vi.stubEnv('BACKPACK_CLUSTER_SECRET', Buffer.alloc(32, 0xff).toString('utf8'))
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(readClusterSecret(undefined)).rejects.toMatchObject({
    message: expect.stringContaining('openssl rand -hex 32') as string,
  })
})
