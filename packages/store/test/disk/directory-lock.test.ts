import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { DirectoryLock } from '../../src/disk/directory-lock.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'

interface Owner {
  pid: number
  place: string
  startTicks: string
}

/** A directory with one lock file, made from our own by changing what it says. */
function withLock(change: (own: Owner) => Owner | string, ageMs = 0): string {
  const path = temporaryDirectory()
  const lock = DirectoryLock.take(path)
  const own = JSON.parse(readFileSync(join(path, readdirSync(path)[0] as string), 'utf8')) as Owner
  lock.release()
  const changed = change(own)
  const file = join(path, `lock-${own.pid}-00000000`)
  writeFileSync(file, typeof changed === 'string' ? changed : JSON.stringify(changed))
  const touched = new Date(Date.now() - ageMs)
  utimesSync(file, touched, touched)
  return path
}

function take(path: string): void {
  const lock = DirectoryLock.take(path)
  onTestFinished(() => lock.release())
}

test('the lock of a living process holds', () => {
  const path = withLock((own) => own)
  expect(() => take(path)).toThrow(expect.objectContaining({ code: 'DIRECTORY_LOCKED' }))
  expect(DirectoryLock.ownerOf(path)).toBe(process.pid)
})

test('the lock of a process whose pid is another one now does not hold', () => {
  const path = withLock((own) => ({ ...own, startTicks: '1' }))
  take(path)
  expect(readdirSync(path)).toHaveLength(1)
})

test('the lock of a process that is gone does not hold', () => {
  take(withLock((own) => ({ ...own, pid: 2 ** 22 + 1 })))
})

test('a lock that is half-written counts as held', () => {
  const path = withLock(() => '{"pid":')
  expect(() => take(path)).toThrow(
    expect.objectContaining({ details: { pid: process.pid, directory: path } }),
  )
})

test('a lock from another host holds while it is touched, and no longer', () => {
  const elsewhere = (own: Owner) => ({ ...own, place: 'another-host boot pid:[1]' })
  const fresh = withLock(elsewhere, 20_000)
  expect(() => take(fresh)).toThrow(expect.objectContaining({ code: 'DIRECTORY_LOCKED' }))
  take(withLock(elsewhere, 60_000))
})
