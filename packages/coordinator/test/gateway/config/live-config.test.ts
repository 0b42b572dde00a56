// A configuration that changes while it is in use: by its file, by timer, by hand and over HTTP.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { LiveConfig } from '../../../src/gateway/config/live-config.js'
import { describeConfig, type GatewayConfig } from '../../../src/gateway/config/gateway-config.js'
import { temporaryDirectory } from '../../helpers/temporary-directory.js'
import { until } from '../../helpers/until.js'

/** Long enough that no test sees the timer by chance. */
const never = 3_600
const token = 'a token of enough bytes'
const base = { address: '127.0.0.1:0', 'bucket-update-interval': never, 'redirect-token': token }

interface Logged {
  readonly level: string
  readonly details: { readonly problems?: readonly string[]; readonly names?: readonly string[] }
  readonly message: string
}

let file = ''
let logged: Logged[] = []

beforeEach(() => {
  file = join(temporaryDirectory(), 'gateway.json')
  logged = []
})

const write = (proxy: object, to = file) =>
  writeFileSync(to, JSON.stringify({ proxy: { ...base, ...proxy } }))

/** In one step: a file that is being written must not be read, and refused, half way. */
function replace(proxy: object): void {
  write(proxy, `${file}.new`)
  renameSync(`${file}.new`, file)
}

async function opened(proxy: object = {}, path = file): Promise<LiveConfig> {
  write(proxy, path)
  const note = (level: string) => (details: object, message: string) => {
    logged.push({ level, details, message })
  }
  const live = await LiveConfig.open(path, {
    log: { info: note('info'), warn: note('warn'), error: note('error') },
  })
  onTestFinished(() => live.close())
  return live
}

const has = (live: LiveConfig, idleSeconds: number) => () => live.config.idleTimeoutMs === idleSeconds * 1000
const seen = (live: LiveConfig, idleSeconds: number) =>
  until(has(live, idleSeconds), `the configuration says ${idleSeconds}`)
const errors = () => logged.filter(({ level }) => level === 'error')

describe('the file', () => {
  test('is read again when it is written', async () => {
    const live = await opened({ 'idle-timeout': 1 })
    const changes: GatewayConfig[] = []
    const forget = live.onChange((config) => changes.push(config))
    write({ 'idle-timeout': 2 })
    await seen(live, 2)
    forget()
    write({ 'idle-timeout': 3 })
    await seen(live, 3)
    expect(changes.map(({ idleTimeoutMs }) => idleTimeoutMs)).toEqual([2_000])
  })

  test('is read again when an editor puts another one in its place, and that one is written', async () => {
    const live = await opened({ 'idle-timeout': 1 })
    write({ 'idle-timeout': 2 }, `${file}.new`)
    renameSync(`${file}.new`, file)
    await seen(live, 2)
    write({ 'idle-timeout': 3 })
    await seen(live, 3)
  })

  test('is read again when a link on its way turns around, as Kubernetes does', async () => {
    const directory = temporaryDirectory()
    for (const [name, seconds] of Object.entries({ old: 1, new: 2 })) {
      mkdirSync(join(directory, name))
      write({ 'idle-timeout': seconds }, join(directory, name, 'gateway.json'))
    }
    symlinkSync('old', join(directory, '..data'))
    const link = join(directory, 'gateway.json')
    symlinkSync('..data/gateway.json', link)
    const live = await LiveConfig.open(link, { log: { info() {}, warn() {}, error() {} } })
    onTestFinished(() => live.close())
    symlinkSync('new', join(directory, '..data_tmp'))
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'))
    await seen(live, 2)
  })

  test('is read again by timer when nothing tells of its change', async () => {
    const directory = temporaryDirectory()
    const target = join(temporaryDirectory(), 'elsewhere.json')
    symlinkSync(target, join(directory, 'gateway.json'))
    const live = await opened(
      { 'idle-timeout': 1, 'bucket-update-interval': 0.05 },
      join(directory, 'gateway.json'),
    )
    write({ 'idle-timeout': 2 }, target)
    await seen(live, 2)
  })

  test('is read again when somebody says so', async () => {
    const target = join(temporaryDirectory(), 'elsewhere.json')
    symlinkSync(target, file)
    const live = await opened({ 'idle-timeout': 1 })
    write({ 'idle-timeout': 2 }, target)
    await live.reread()
    expect(has(live, 2)()).toBe(true)
  })

  test('with another redirect token beside it brings that token', async () => {
    const tokenFile = join(file, '..', 'token')
    writeFileSync(tokenFile, 'the first of two tokens')
    const live = await opened({ 'redirect-token': '', 'redirect-token-file': 'token' })
    expect(live.config.redirectToken?.reveal()).toBe('the first of two tokens')
    writeFileSync(tokenFile, 'the second of two tokens')
    await until(
      () => live.config.redirectToken?.reveal() === 'the second of two tokens',
      'the token is there',
    )
  })
})

describe('a file that is not accepted', () => {
  test('changes nothing, its problems are logged once and together, and a good one counts again', async () => {
    const live = await opened({ 'idle-timeout': 1 })
    replace({ 'idle-timeout': 'x', frob: 1, root: '/new' })
    await until(() => errors().length > 0, 'the problems are logged')
    for (let again = 0; again < 3; again++) await live.reread()
    expect([live.config.idleTimeoutMs, live.config.root]).toEqual([1_000, undefined])
    expect(errors()).toHaveLength(1)
    expect(errors()[0]?.details.problems).toHaveLength(2)
    rmSync(file)
    await live.reread()
    expect(errors()).toHaveLength(2)
    replace({ 'idle-timeout': 2 })
    await live.reread()
    expect(has(live, 2)()).toBe(true)
    replace({ 'idle-timeout': 'x', frob: 1, root: '/new' })
    await live.reread()
    expect(errors()).toHaveLength(3)
  })

  test('does not look checked', async () => {
    const live = await opened()
    const { checkedAtMs } = live
    writeFileSync(file, 'proxy: {')
    await until(() => errors().length > 0, 'the problem is logged')
    expect(live.checkedAtMs).toBe(checkedAtMs)
    write({})
    await until(() => Date.now() > checkedAtMs, 'the clock goes on')
    await live.reread()
    expect(live.checkedAtMs).toBeGreaterThan(checkedAtMs)
  })

  test('at the start is thrown', async () => {
    writeFileSync(file, '{"proxy":{"address":":0","frob":1}}')
    await expect(LiveConfig.open(file, { log: { info() {}, warn() {}, error() {} } })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      details: { problems: ['proxy.frob: there is no such name'] },
    })
  })
})

test('a changed address is told and not used, everything beside it is', async () => {
  const live = await opened({ 'idle-timeout': 1 })
  write({ address: '127.0.0.1:9', 'idle-timeout': 2 })
  await seen(live, 2)
  expect(live.config.address?.text).toBe('127.0.0.1:0')
  expect(logged.find(({ level }) => level === 'warn')?.details.names).toEqual(['proxy.address'])
})

describe('over HTTP', () => {
  const send = (live: LiveConfig, proxy: object) => live.replace({ proxy: { ...base, ...proxy } })

  test('a configuration takes the place of the file, until the file is read the next time', async () => {
    const live = await opened({ 'idle-timeout': 1 })
    expect(await send(live, { 'idle-timeout': 2 })).toEqual({
      heldMs: 0,
      fileReadInMs: never * 1000,
      ignored: [],
    })
    expect(has(live, 2)()).toBe(true)
    await live.reread()
    expect(has(live, 1)()).toBe(true)
  })

  test('it holds off the file for as long as it says, whoever asks for it', async () => {
    const live = await opened({ 'idle-timeout': 1 })
    await send(live, {
      'idle-timeout': 2,
      'disable-config-update-for-seconds': never,
      'bucket-update-interval': 0.05,
    })
    write({ 'idle-timeout': 3 })
    const held = () => logged.filter(({ message }) => message.includes('holds it off')).length
    // The watch, the timer, and by hand.
    await until(() => held() >= 2, 'the file was held off twice')
    await live.reread()
    expect(has(live, 2)()).toBe(true)
    await send(live, { 'idle-timeout': 4 })
    await live.reread()
    expect(has(live, 3)()).toBe(true)
  })

  test('the file has its say again as soon as the time is over', async () => {
    const live = await opened({ 'idle-timeout': 1 })
    await send(live, { 'idle-timeout': 2, 'disable-config-update-for-seconds': 0.2 })
    await seen(live, 1)
  })

  test('what /proxy_stat shows can be sent back, and keeps the token', async () => {
    const live = await opened({
      headers: { 'X-A': 'b' },
      'content-types': { mp4: 'video/mp4' },
      root: 'public',
    })
    const before = live.config
    const shown = JSON.parse(JSON.stringify(describeConfig(before))) as { proxy: Record<string, unknown> }
    expect(JSON.stringify(shown)).not.toContain(token)
    shown.proxy['free-space-ratio-hard'] = 0.1
    await live.replace(shown)
    expect({ ...live.config }).toEqual({
      ...before,
      freeSpaceRatioHard: 0.1,
      redirectToken: live.config.redirectToken,
    })
    expect(live.config.redirectToken?.reveal()).toBe(token)
  })

  test.each([
    ['without a token', {}],
    ['with an empty one', { 'redirect-token': '' }],
  ])('%s the present one stays', async (_name, proxy) => {
    const live = await opened()
    await live.replace({ proxy: { 'redirect-port': 1, ...proxy } })
    expect([live.config.redirectToken?.reveal(), live.config.address?.text]).toEqual([token, '127.0.0.1:0'])
  })

  test('another token is taken', async () => {
    const live = await opened()
    await send(live, { 'redirect-token': 'another token of enough bytes' })
    expect(live.config.redirectToken?.reveal()).toBe('another token of enough bytes')
  })

  test('a token from a file stays one', async () => {
    writeFileSync(join(file, '..', 'token'), 'the token in a file')
    const live = await opened({ 'redirect-token': '', 'redirect-token-file': 'token' })
    await live.replace(JSON.parse(JSON.stringify(describeConfig(live.config))))
    expect(live.config.redirectToken?.reveal()).toBe('the token in a file')
  })

  test('an address is told and not used', async () => {
    const live = await opened()
    expect((await send(live, { address: ':9' })).ignored).toEqual(['proxy.address'])
    expect(live.config.address?.text).toBe('127.0.0.1:0')
  })

  test('paths cannot be changed, and nothing is told of other files', async () => {
    const live = await opened({ root: 'public', 'redirect-token': '' })
    const names = ['cert_file', 'key_file', 'redirect-token-file', 'root']
    const problems = names.map((name) => `proxy.${name}: can be changed in the file only`)
    const there = Object.fromEntries(names.map((name) => [name, '/etc/hostname']))
    const missing = Object.fromEntries(names.map((name) => [name, '/none']))
    for (const paths of [there, missing]) {
      await expect(live.replace({ proxy: paths })).rejects.toMatchObject({ details: { problems } })
    }
    await live.replace({ proxy: { root: 'public' } })
    expect(live.config.root).toBe(join(file, '..', 'public'))
  })

  test.each([[null], [[]], ['text'], [{}], [{ proxy: null }], [{ proxy: { frob: 1, 'idle-timeout': '' } }]])(
    '%j is refused, and changes nothing',
    async (value) => {
      const live = await opened({ 'idle-timeout': 1 })
      const before = live.config
      await expect(live.replace(value)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
      expect(live.config).toBe(before)
    },
  )
})
