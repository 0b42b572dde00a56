// A request that finds the link broken makes the client close its socket, whose number is free then for anything else.
import { until } from '@backpack/test-cluster'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setImmediate as macrotask } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { ZooKeeperTree } from '../../src/tree/zookeeper-tree.js'
import { useZooKeeper } from './zookeeper-home.js'

const zooKeeper = useZooKeeper()
/** Enough to take each number that is free. */
const count = 10

/** A tree whose requests, not its client, were the first to meet the loss. */
async function openAndLose(): Promise<ZooKeeperTree> {
  // A third of that passes before the client looks for a server again.
  const tree = await zooKeeper.openThroughProxy({ sessionTimeoutMs: 10_000 })
  // Out of the client's own call, after which it would see to its socket.
  await macrotask()
  zooKeeper.proxy.cut({ refuse: true })
  // By then the proxy's sockets are closed, and the client has not been told.
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const asked = Array.from({ length: 5 }, () => tree.get('/queue').catch(() => undefined))
  onTestFinished(() => Promise.all(asked).then(() => undefined))
  await until(() => tree.state === 'away', 'the loss is noticed')
  return tree
}

async function comeBack(tree: ZooKeeperTree): Promise<void> {
  zooKeeper.proxy.accept()
  await until(() => tree.state === 'connected', 'the link is back')
}

test('other sessions of the process begin and go on, however the link of one was lost', async () => {
  const tree = await openAndLose()
  const others = await Promise.all(Array.from({ length: count }, () => zooKeeper.open()))
  await comeBack(tree)
  for (const each of [tree, ...others]) expect(await each.get('/queue')).toBeUndefined()
})

/** What is held in the place of the socket. */
function standIns(): number {
  const targets = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      // The listing's own.
      return ''
    }
  })
  return targets.filter((target) => target === '/dev/random').length
}

test('the number of the socket is held while the link is lost, and nothing after that', async () => {
  const tree = await openAndLose()
  expect(standIns()).toBeGreaterThan(0)
  await comeBack(tree)
  expect(standIns()).toBe(0)
  zooKeeper.proxy.cut({ refuse: true })
  await until(() => tree.state === 'away', 'the loss is noticed')
  expect(standIns()).toBeGreaterThan(0)
  await tree.close()
  expect(standIns()).toBe(0)
})

test('sockets that are opened after a link was lost are heard once it is back', async () => {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const tree = await openAndLose()
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  await comeBack(tree)
  let heard = 0
  for (const socket of sockets) socket.once('data', () => heard++).write('hello')
  await until(() => heard === count, 'all of them are heard')
})
