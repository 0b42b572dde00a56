import { until } from '@backpack/test-cluster'
import { describe, expect, test } from 'vitest'
import { holdTurn } from '../../src/tree/hold-turn.js'
import { bytes, counter, textOf } from './tree-contract.js'
import { useTreeProcesses } from './tree-process.js'
import { statesOf, useZooKeeper } from './zookeeper-home.js'

const zooKeeper = useZooKeeper()
const processes = useTreeProcesses()

describe('a session that expires', () => {
  test('is replaced by another: ephemeral nodes are gone, watches are told and work', async () => {
    const [tree, other] = [await zooKeeper.openThroughProxy(), await zooKeeper.open()]
    const states = statesOf(tree)
    await tree.create('/fleeting', bytes(''), { ephemeral: true })
    const node = counter()
    const children = counter()
    tree.watchNode('/fleeting', node.tell)
    tree.watchChildren('/', children.tell)
    await tree.get('/fleeting')
    const before = zooKeeper.proxy.session.id
    await zooKeeper.expireBehindProxy(tree)
    zooKeeper.proxy.accept()
    await until(() => states.at(-1) === 'connected', 'the link is back')
    expect(zooKeeper.proxy.session.id).not.toBe(before)
    expect(await tree.get('/fleeting')).toBeUndefined()
    expect(Math.min(node.told, children.told)).toBeGreaterThan(0)
    const [nodeBefore, childrenBefore] = [node.told, children.told]
    await other.create('/fleeting', bytes('x'))
    await until(() => node.told > nodeBefore && children.told > childrenBefore, 'the watches are told')
  })

  test('many times in a row, leaves one session behind', async () => {
    const tree = await zooKeeper.openThroughProxy()
    const states = statesOf(tree)
    for (let round = 1; round <= 5; round++) {
      await zooKeeper.expireBehindProxy(tree)
      zooKeeper.proxy.accept()
      await until(() => states.length === 2 * round, 'there is another session')
      await tree.create(`/node-${round}`, bytes(''))
    }
    expect(states.filter((state) => state === 'connected').length).toBe(5)
  })

  test('takes the turn with it, which is taken again, or by another who waited', async () => {
    const tree = await zooKeeper.openThroughProxy()
    const turn = holdTurn(tree, '/turn', bytes('one'))
    await until(() => turn.held(), 'it is held')
    await zooKeeper.expireBehindProxy(tree)
    expect(turn.held()).toBe(false)
    zooKeeper.proxy.accept()
    await until(() => turn.held(), 'it is held again')
    const other = await zooKeeper.open()
    const waiting = holdTurn(other, '/turn', bytes('two'))
    await until(async () => (await textOf(other, '/turn')) === 'one', 'the other waits')
    await zooKeeper.expireBehindProxy(tree)
    expect(turn.held()).toBe(false)
    await until(() => waiting.held(), 'the other holds it')
    zooKeeper.proxy.accept()
    await until(() => tree.state === 'connected', 'the link is back')
    await tree.get('/turn')
    expect([turn.held(), waiting.held()]).toEqual([false, true])
    await turn.release()
    expect(await textOf(tree, '/turn')).toBe('two')
  })

  test('while no server can be reached is given up, and replaced once one can', async () => {
    const said: string[] = []
    const log = { info() {}, warn: (_: object, message: string) => said.push(message) }
    const tree = await zooKeeper.openThroughProxy({ log })
    await tree.create('/fleeting', bytes(''), { ephemeral: true })
    const other = await zooKeeper.open()
    const before = zooKeeper.proxy.session.id
    zooKeeper.proxy.cut({ refuse: true })
    await until(() => said.includes('beginning another ZooKeeper session'), 'the session is given up')
    await until(async () => (await other.get('/fleeting')) === undefined, 'the server has ended the session')
    zooKeeper.proxy.accept()
    await until(() => tree.state === 'connected', 'the link is back')
    expect(zooKeeper.proxy.session.id).not.toBe(before)
    await tree.create('/fleeting', bytes(''), { ephemeral: true })
    expect(await other.get('/fleeting')).toMatchObject({ ephemeral: 'foreign' })
  })
})

describe('a process that is stopped', () => {
  test('for longer than its session lives, does not believe for a moment that the turn is still its own', async () => {
    const tree = await zooKeeper.open()
    const child = await processes.start(
      { zookeeper: zooKeeper.ensemble.connectString, root: zooKeeper.root },
      { sessionTimeoutMs: 1_000 },
    )
    await child.takeTurn('/turn')
    const turn = holdTurn(tree, '/turn', bytes('next'))
    await until(
      async () => (await child.ask({ what: 'turnLog' })).heldAtMs?.length !== 0,
      'the child says so',
    )
    child.signal('SIGSTOP')
    await until(() => turn.held(), 'the next holds it')
    const takenAtMs = Date.now()
    child.signal('SIGCONT')
    await child.create('/works-again', 'x')
    const { heldAtMs = [] } = await child.ask({ what: 'turnLog' })
    expect(heldAtMs.filter((heldMs) => heldMs >= takenAtMs)).toEqual([])
    expect(turn.held()).toBe(true)
    await turn.release()
    await until(async () => (await textOf(tree, '/turn')) === String(child.pid), 'the child takes it again')
  })
})
