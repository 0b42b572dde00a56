// A process killed while it takes the directory's lock leaves nothing that keeps the next one out.
import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { bundleHelper, DaemonProcess } from '../helpers/daemon-process.js'
import { faultCount } from '../helpers/fault-count.js'
import { openStore } from '../helpers/open-store.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'

let bundle: string
beforeAll(async () => {
  bundle = await bundleHelper('daemon-main')
})

test('a directory whose opening was killed at any moment opens at once', async () => {
  const kills = faultCount('SIGKILLs while opening', { short: 10, full: 500 })
  const random = printedRandom('killed openings')
  const path = temporaryDirectory()
  for (let kill = 0; kill < kills; kill++) {
    const early = new DaemonProcess(bundle, { store: { path, reserveBytes: 0 } })
    onTestFinished(() => early.kill())
    await early.opening()
    // Microseconds matter here: the lock is taken right behind this line.
    const untilMs = performance.now() + 4 * random.next()
    while (performance.now() < untilMs);
    await early.kill()
    const store = await openStore({ path })
    await store.close()
  }
})

test('a lock that was never finished is no lock, and does not stay for ever', async () => {
  const path = temporaryDirectory()
  const young = join(path, 'lock-1-00000001.tmp')
  writeFileSync(young, '{"pid":')
  await (await openStore({ path })).close()
  expect(readdirSync(path).filter((name) => name.startsWith('lock-'))).toEqual(['lock-1-00000001.tmp'])
  utimesSync(young, 0, 0)
  await (await openStore({ path })).close()
  expect(readdirSync(path).filter((name) => name.startsWith('lock-'))).toEqual([])
})
