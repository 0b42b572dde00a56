// What an operator gets to know of the file of a configuration that is in use.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { LiveConfig } from '../../../src/gateway/config/live-config.js'
import { temporaryDirectory } from '../../helpers/temporary-directory.js'
import { until } from '../../helpers/until.js'

/** Long enough that no test sees the timer by chance. */
const never = 3_600
const base = { address: '127.0.0.1:0', 'bucket-update-interval': never }

let file = ''
let warned: { readonly details: object; readonly message: string }[] = []
let refused = 0

beforeEach(() => {
  file = join(temporaryDirectory(), 'gateway.json')
  warned = []
  refused = 0
})

const write = (proxy: object) => writeFileSync(file, JSON.stringify({ proxy: { ...base, ...proxy } }))

async function opened(proxy: object): Promise<LiveConfig> {
  write(proxy)
  const live = await LiveConfig.open(file, {
    log: {
      info() {},
      warn: (details: object, message: string) => warned.push({ details, message }),
      error: () => refused++,
    },
  })
  onTestFinished(() => live.close())
  return live
}

const clockGoesOn = (atMs: number) => until(() => Date.now() > atMs, 'the clock goes on')

test('is known to be good or bad also while a configuration over HTTP holds it off', async () => {
  const live = await opened({})
  await live.replace({ proxy: { ...base, 'disable-config-update-for-seconds': never } })
  const { checkedAtMs } = live
  writeFileSync(file, 'proxy: {')
  await clockGoesOn(checkedAtMs)
  await live.reread()
  expect([live.checkedAtMs, refused]).toEqual([checkedAtMs, 1])
  write({ 'idle-timeout': 5 })
  await live.reread()
  expect(live.checkedAtMs).toBeGreaterThan(checkedAtMs)
  expect(live.config.idleTimeoutMs).toBe(60_000)
})

test('is not known to be good because a configuration came over HTTP', async () => {
  const live = await opened({})
  const { checkedAtMs } = live
  await clockGoesOn(checkedAtMs)
  await live.replace({ proxy: base })
  expect(live.checkedAtMs).toBe(checkedAtMs)
})

test('is read again, after a configuration over HTTP, when that may be held off no longer, or by timer', async () => {
  const live = await opened({})
  const held = { ...base, 'disable-config-update-for-seconds': 120 }
  expect(await live.replace({ proxy: held })).toEqual({ heldMs: 120_000, fileReadInMs: 120_000, ignored: [] })
  const replaced = await live.replace({ proxy: { ...base, 'bucket-update-interval': 600 } })
  expect(replaced).toEqual({ heldMs: 0, fileReadInMs: 600_000, ignored: [] })
})

test('is warned of when its root is no folder, at the start and after a change', async () => {
  const noFolder = 'the root of the static files is no folder: all of them are 404'
  const root = join(file, '..', 'public')
  const live = await opened({ root })
  expect(warned).toEqual([{ details: { root }, message: noFolder }])
  await live.reread()
  expect(warned).toHaveLength(1)
  mkdirSync(join(root, 'photos'), { recursive: true })
  writeFileSync(join(root, 'page'), '')
  write({ root: join(root, 'photos') })
  await live.reread()
  expect(warned).toHaveLength(1)
  write({ root: join(root, 'page') })
  await live.reread()
  expect(warned).toHaveLength(2)
})
