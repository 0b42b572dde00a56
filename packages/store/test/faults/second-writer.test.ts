// One writer per directory: a second one is told who holds it, and a writer that was killed holds nothing.
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DirectoryLock } from '../../src/disk/directory-lock.js'
import { Store } from '../../src/index.js'
import { expectContents, fillStore } from '../helpers/filled-store.js'
import { startLockHolder } from '../helpers/lock-holder.js'
import { openStore } from '../helpers/open-store.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'

function locksIn(path: string): string[] {
  return readdirSync(path).filter((name) => name.startsWith('lock-'))
}

test('a second store in the same process is refused with its pid, until the first is closed', async () => {
  const path = temporaryDirectory()
  const store = await openStore({ path })
  const error = await thrownBy(Store.open({ path }))
  expect(error).toMatchObject({ code: 'DIRECTORY_LOCKED', details: { pid: process.pid, directory: path } })
  expect(locksIn(path)).toHaveLength(1)
  await store.close()
  expect(locksIn(path)).toEqual([])
  await (await Store.open({ path })).close()
})

test('a writer beside another process is refused with the pid of its owner, a reader is not', async () => {
  const { path, contents } = await fillStore()
  const holder = await startLockHolder(path)
  const error = await thrownBy(Store.open({ path }))
  expect(error).toMatchObject({ code: 'DIRECTORY_LOCKED', details: { pid: holder.pid } })
  expect(error.message).toContain(`process ${holder.pid}`)
  expect(DirectoryLock.ownerOf(path)).toBe(holder.pid)
  await expectContents(await openStore({ path, readOnly: true }), contents)
})

test('the lock of a process that was killed is taken over at once', async () => {
  const { path, contents } = await fillStore()
  const holder = await startLockHolder(path)
  const exit = once(holder, 'exit')
  holder.kill('SIGKILL')
  await exit
  expect(locksIn(path)).toHaveLength(1)
  const store = await openStore({ path })
  expect(locksIn(path)).toEqual([expect.stringContaining(`lock-${process.pid}-`)])
  await expectContents(store, contents)
})

test('of many that open at once at most one gets the directory, and none is left with a lock', async () => {
  const path = temporaryDirectory()
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => Store.open({ path })))
  const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  expect(opened.length).toBeLessThanOrEqual(1)
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'DIRECTORY_LOCKED' })
  }
  for (const store of opened) await store.close()
  expect(locksIn(path)).toEqual([])
})
