import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { CheckReport } from '../../src/check/check-report.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { backpack, startServe, useBuiltCli } from './built-cli.js'

useBuiltCli()

async function smallStore(): Promise<string> {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  for (let blob = 0; blob < 5; blob++) await store.put(`n${blob}`, Buffer.alloc(1000, 97 + blob))
  await store.delete('n4')
  await store.close()
  return path
}

test('check says that a sound store is sound, and exits with 0', async () => {
  const { code, stdout, stderr } = await backpack(['check', await smallStore()])
  expect(stderr).toBe('')
  expect(stdout.split('\n').slice(0, 2).join('\n')).toMatch(
    /volume.*size.*blobs.*tombstones.*\n +1 .* 5 +1 .*sound$/,
  )
  expect(stdout).toContain('1 volume, 6 needles verified: no problems.\n')
  expect(code).toBe(0)
})

test('check names damage with its offset, and exits with 1; --json has it for machines', async () => {
  const path = await smallStore()
  const volume = join(path, 'volumes', '00000001.volume')
  const bytes = readFileSync(volume)
  bytes.write('X', bytes.indexOf('bbbb'))
  writeFileSync(volume, bytes)
  const { code, stdout } = await backpack(['check', path])
  expect(stdout).toMatch(/volume 1: \d+ bytes at \d+ are damaged; it held "n1"\n/)
  expect(stdout).toContain('verified: 1 problem.\n')
  expect(code).toBe(1)
  const json = await backpack(['check', path, '--json'])
  const report = JSON.parse(json.stdout) as CheckReport
  expect(report).toMatchObject({ clean: false, volumes: [{ volumeId: 1, damage: [{ names: ['n1'] }] }] })
  expect(json.code).toBe(1)
})

test('check works beside a running daemon, whose unfinished writes are no damage', async () => {
  const path = await smallStore()
  const { running, url } = await startServe(path)
  expect((await fetch(`${url}new`, { method: 'PUT', body: 'new' })).status).toBe(201)
  appendFileSync(join(path, 'volumes', '00000001.volume'), 'half a needle')
  const { code, stdout } = await backpack(['check', path])
  expect(stdout).toContain(`Process ${running.pid} was writing`)
  expect(stdout).toContain('no problems')
  expect(code).toBe(0)
  expect(await (await fetch(`${url}new`)).text()).toBe('new')
})

test('check of what is no store fails with a reason', async () => {
  const { code, stderr } = await backpack(['check', temporaryDirectory()])
  expect(stderr).toContain('is not a store')
  expect(code).toBe(1)
  expect(await backpack(['check'])).toMatchObject({ code: 2 })
})
