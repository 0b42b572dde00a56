// Connections that die without a word, and publications that overtake each other's refusals.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '../helpers/open-store.js'
import { RedisServer } from '../helpers/redis-server.js'
import { whenBack } from './expected-listing.js'
import { SyncGate } from './sync-gate.js'

/** Waited out by what is lost on purpose; long enough for what is answered by a busy machine. */
const commandTimeoutMs = 4_000

test('a connection on which nothing comes back any more is given up for a new one', async () => {
  const redis = await RedisServer.start()
  const proxy = await Proxy.start(redis.port)
  const keyMap = { kind: 'redis', redis: { port: proxy.port, commandTimeoutMs } } as const
  const store = await openStore({ keyMap })
  await whenBack(() => store.put('a', Buffer.from('a')))
  proxy.stallPresent()
  await expect(store.openBlob('a')).rejects.toMatchObject({ code: 'KEY_MAP_AWAY' })
  expect((await whenBack(() => store.get('a')))?.data.toString()).toBe('a')
})

test('a publication refused while an older one is still under way rejects its put and nothing else', async () => {
  const redis = await RedisServer.start()
  const gate = new SyncGate()
  const keyMap = { kind: 'redis', redis: { port: redis.port, commandTimeoutMs } } as const
  const store = await openStore({ keyMap, files: gate.files, batchBlobsMax: 1 })
  await store.put('makes', Buffer.from('the volume'))
  const isAway = expect.objectContaining({ code: 'KEY_MAP_AWAY' }) as unknown
  let lookup: Promise<unknown> | undefined
  let syncs = 0
  gate.beforeSync = async () => {
    if (++syncs === 1) {
      redis.freeze()
      lookup = expect(store.openBlob('makes')).rejects.toEqual(isAway)
    } else if (syncs === 2) {
      await lookup
    }
  }
  const puts = await Promise.allSettled([
    store.put('first', Buffer.from('sent to a frozen Redis')),
    store.put('second', Buffer.from('not even sent')),
  ])
  expect(puts).toEqual([
    { status: 'rejected', reason: isAway },
    { status: 'rejected', reason: isAway },
  ])
  redis.thaw()
  expect((await whenBack(() => store.get('first')))?.data.toString()).toBe('sent to a frozen Redis')
  expect((await whenBack(() => store.get('second')))?.data.toString()).toBe('not even sent')
})

/** Hands bytes through, until it is told to lose them. */
class Proxy {
  readonly #sockets = new Set<Socket>()
  #port = 0

  static async start(toPort: number): Promise<Proxy> {
    const proxy = new Proxy()
    const server = createServer((near) => {
      const far = connect(toPort, '127.0.0.1')
      for (const [from, to] of [[near, far] as const, [far, near] as const]) {
        proxy.#sockets.add(from)
        from.on('error', () => to.destroy())
        from.pipe(to)
      }
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy.#port = (server.address() as { port: number }).port
    onTestFinished(() => {
      for (const socket of proxy.#sockets) socket.destroy()
      server.close()
    })
    return proxy
  }

  get port(): number {
    return this.#port
  }

  /** The connections of now stay open and carry nothing any more; new ones work. */
  stallPresent(): void {
    for (const socket of this.#sockets) {
      socket.unpipe()
      socket.pause()
    }
  }
}
