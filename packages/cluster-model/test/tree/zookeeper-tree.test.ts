import { freePort, until } from '@backpack/test-cluster'
import { describe, expect, test } from 'vitest'
import { nodeBytesMax } from '../../src/tree/tree-rules.js'
import { ZooKeeperTree } from '../../src/tree/zookeeper-tree.js'
import { bytes, counter, textOf } from './tree-contract.js'
import { lastingSessionMs, statesOf, useZooKeeper } from './zookeeper-home.js'

const zooKeeper = useZooKeeper()

describe('ZooKeeperTree.open', () => {
  test('a root that is missing is made with all its parts, and is kept when it is there', async () => {
    const tree = await zooKeeper.open({ root: `${zooKeeper.root}/deep/er` })
    await tree.create('/queue', bytes('x'))
    const again = await zooKeeper.open({ root: `${zooKeeper.root}/deep/er` })
    expect(await again.children('/')).toEqual(['queue'])
    const above = await zooKeeper.open({ root: '/' })
    expect(await textOf(above, `${zooKeeper.root}/deep/er/queue`)).toBe('x')
    expect(await above.children('/')).toContain('backpack')
  })

  test('hosts that do not answer, do not resolve or do not exist throw TREE_AWAY that names them', async () => {
    const nobody = `127.0.0.1:${await freePort()}`
    for (const servers of [nobody, 'no-such-host.invalid:2181', `${nobody},no-such-host.invalid:2181`]) {
      const opening = ZooKeeperTree.open({ servers, root: zooKeeper.root, connectTimeoutMs: 500 })
      await expect(opening).rejects.toMatchObject({
        code: 'TREE_AWAY',
        details: { servers: servers.replace(',', ', ') },
      })
    }
  })

  test('a server that comes while it is looked for is found', async () => {
    zooKeeper.proxy.cut({ refuse: true })
    const opening = zooKeeper.openThroughProxy()
    setTimeout(() => zooKeeper.proxy.accept(), 700)
    expect((await opening).state).toBe('connected')
  })

  test('one server of three that runs is enough', async () => {
    const nobody = [await freePort(), await freePort()].map((port) => `127.0.0.1:${port}`)
    const tree = await zooKeeper.open({ servers: [...nobody, zooKeeper.ensemble.connectString].join(',') })
    expect(tree.state).toBe('connected')
  })

  test('options that are wrong throw INVALID_OPTIONS with all problems', async () => {
    const opening = ZooKeeperTree.open({ servers: 'nowhere', root: 'backpack/' })
    await expect(opening).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      details: { problems: [expect.stringContaining('servers'), expect.stringContaining('root')] as unknown },
    })
  })
})

describe('a large node', () => {
  test('that comes in many pieces, does not end the session', async () => {
    const tree = await zooKeeper.openThroughProxy({ sessionTimeoutMs: lastingSessionMs })
    const states = statesOf(tree)
    await tree.create('/large', Buffer.alloc(nodeBytesMax, 'x'))
    zooKeeper.proxy.sendInPieces(20_000)
    for (let round = 0; round < 3; round++) {
      expect((await tree.get('/large'))?.data.length).toBe(nodeBytesMax)
    }
    expect(states).toEqual([])
  })
})

describe('a watch', () => {
  test('for children of a node that is created while it is armed, is told of them', async () => {
    const tree = await zooKeeper.openThroughProxy({ sessionTimeoutMs: lastingSessionMs })
    const other = await zooKeeper.open()
    // It asks for children, and as there are none, whether there is such a node: in between there is.
    zooKeeper.proxy.delayNext('exists', async () => {
      await other.create('/parent', bytes(''))
      await other.create('/parent/one', bytes(''))
    })
    const count = counter()
    tree.watchChildren('/parent', count.tell)
    await until(() => count.told > 0, 'the child is told of')
    expect(await tree.children('/parent')).toEqual(['one'])
  })

  test('for a node that changes again before it is armed again, is told of both changes', async () => {
    const tree = await zooKeeper.openThroughProxy({ sessionTimeoutMs: lastingSessionMs })
    const other = await zooKeeper.open()
    const count = counter()
    tree.watchNode('/queue', count.tell)
    await tree.get('/queue')
    zooKeeper.proxy.delayNext('exists', async () => {
      await until(() => count.told === 1, 'the first change is told of')
      await other.set('/queue', bytes('two'), 0)
    })
    await other.create('/queue', bytes('one'))
    await until(() => count.told === 2, 'the second change is told of')
  })
})

describe('a link that is lost', () => {
  test('comes back with the same session: ephemeral nodes stay, watches are told, once per change', async () => {
    const tree = await zooKeeper.openThroughProxy({ sessionTimeoutMs: lastingSessionMs })
    const other = await zooKeeper.open()
    const states = statesOf(tree)
    await tree.create('/fleeting', bytes(''), { ephemeral: true })
    const node = counter()
    const children = counter()
    tree.watchNode('/queue', node.tell)
    tree.watchChildren('/', children.tell)
    for (let round = 1; round <= 3; round++) {
      zooKeeper.proxy.cut()
      await until(() => states.length === 2 * round, 'the link is lost and back')
    }
    expect(states.at(-1)).toBe('connected')
    expect(await tree.get('/fleeting')).toMatchObject({ ephemeral: 'own' })
    expect(node.told).toBeGreaterThanOrEqual(3)
    expect(children.told).toBeGreaterThanOrEqual(3)
    const [nodeBefore, childrenBefore] = [node.told, children.told]
    await other.create('/queue', bytes(''))
    await until(() => node.told > nodeBefore && children.told > childrenBefore, 'the creation is told')
    await other.set('/queue', bytes('x'), 0)
    await until(() => node.told > nodeBefore + 1, 'the change is told')
    await tree.get('/queue')
    expect([node.told, children.told]).toEqual([nodeBefore + 2, childrenBefore + 1])
  })

  test('a change made meanwhile is told of afterwards', async () => {
    const [tree, other] = [await zooKeeper.openThroughProxy(), await zooKeeper.open()]
    let seen: string | undefined
    tree.watchNode('/queue', () => {
      textOf(tree, '/queue').then(
        (text) => {
          seen = text
        },
        () => undefined,
      )
    })
    zooKeeper.proxy.cut({ refuse: true })
    await until(() => tree.state === 'away', 'the loss is noticed')
    await other.create('/queue', bytes('made meanwhile'))
    zooKeeper.proxy.accept()
    await until(() => seen === 'made meanwhile', 'the change is seen')
  })

  test('operations meanwhile throw TREE_AWAY, and go on by themselves when it is short', async () => {
    const tree = await zooKeeper.openThroughProxy()
    await tree.create('/queue', bytes('one'))
    zooKeeper.proxy.cut()
    const [node, version] = await Promise.all([tree.get('/queue'), tree.set('/queue', bytes('two'), 0)])
    expect([node?.data.length, version]).toEqual([3, 1])
    zooKeeper.proxy.cut({ refuse: true })
    await until(() => tree.state === 'away', 'the loss is noticed')
    const asked = [
      () => tree.get('/queue'),
      () => tree.children('/'),
      () => tree.set('/queue', bytes('three'), 1),
      () => tree.create('/other', bytes('')),
      () => tree.remove('/queue'),
    ]
    await Promise.all(asked.map((ask) => expect(ask()).rejects.toMatchObject({ code: 'TREE_AWAY' })))
    // By now nobody waits for the link any more.
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: 'TREE_AWAY' })
    zooKeeper.proxy.accept()
    await until(() => tree.state === 'connected', 'the link is back')
    expect(await textOf(tree, '/queue')).toBe('two')
    expect(await tree.children('/')).toEqual(['queue'])
  })

  test('met first by requests, of which the client says nothing, makes the tree away too', async () => {
    const tree = await zooKeeper.openThroughProxy()
    zooKeeper.proxy.cut({ refuse: true })
    // The first is still sent, into nothing; its answer is that there is nobody.
    const asked = Array.from({ length: 5 }, () => tree.get('/queue'))
    const settled = Promise.allSettled(asked)
    await until(() => tree.state === 'away', 'the loss is noticed')
    for (const { status } of await settled) expect(status).toBe('rejected')
    expect(tree.state).toBe('away')
    zooKeeper.proxy.accept()
    await until(() => tree.state === 'connected', 'the link is back')
    expect(await tree.get('/queue')).toBeUndefined()
  })

  test('a tree closed while it is away closes', async () => {
    const tree = await zooKeeper.openThroughProxy()
    zooKeeper.proxy.cut({ refuse: true })
    await until(() => tree.state === 'away', 'the loss is noticed')
    await tree.close()
    expect(tree.state).toBe('closed')
  })
})

describe('a server that is killed and started again', () => {
  test('the tree is away, then connected, and watches are told', async () => {
    const tree = await zooKeeper.open()
    const states = statesOf(tree)
    await tree.create('/queue', bytes('one'))
    const count = counter()
    tree.watchNode('/queue', count.tell)
    await tree.get('/queue')
    await zooKeeper.ensemble.killAll()
    await until(() => tree.state === 'away', 'the loss is noticed')
    const before = count.told
    await zooKeeper.ensemble.restartAll()
    await until(() => states.at(-1) === 'connected', 'the link is back')
    expect(count.told).toBeGreaterThan(before)
    expect(await textOf(tree, '/queue')).toBe('one')
    const again = count.told
    await tree.set('/queue', bytes('two'), 0)
    await until(() => count.told > again, 'the change is told')
  })
})
