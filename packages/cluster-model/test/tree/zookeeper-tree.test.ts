import { freePort, until, ZooKeeperEnsemble } from '@backpack/test-cluster'
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import ZooKeeper from 'zookeeper'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { holdTurn } from '../../src/tree/hold-turn.js'
import { nodeBytesMax } from '../../src/tree/tree-rules.js'
import { ZooKeeperTree, type ZooKeeperTreeOptions } from '../../src/tree/zookeeper-tree.js'
import { bytes, counter, textOf } from './tree-contract.js'
import { TreeProcess } from './tree-process.js'
import { ZooKeeperProxy } from './zookeeper-proxy.js'

let ensemble: ZooKeeperEnsemble
let proxy: ZooKeeperProxy
let root = ''
let tests = 0
const opened: ClusterTree[] = []

beforeAll(async () => {
  ensemble = await ZooKeeperEnsemble.start()
})

afterAll(() => ensemble.close())

beforeEach(async () => {
  root = `/backpack/test-${++tests}`
  proxy = await ZooKeeperProxy.start(Number(ensemble.connectString.split(':')[1]))
})

afterEach(async () => {
  await Promise.all(opened.splice(0).map((tree) => tree.close()))
  await proxy.close()
})

async function open(options: Partial<ZooKeeperTreeOptions> = {}): Promise<ZooKeeperTree> {
  const tree = await ZooKeeperTree.open({ servers: ensemble.connectString, root, ...options })
  opened.push(tree)
  return tree
}

const openThroughProxy = () => open({ servers: proxy.address })

/**
 * Ends the session that went through the proxy from the outside: a second client takes it over and closes it. Meanwhile the
 * tree is kept from taking it back; afterwards it learns of it when the proxy accepts.
 */
async function expireBehindProxy(): Promise<void> {
  const { id, password } = proxy.session
  proxy.cut({ refuse: true })
  const config = { connect: ensemble.connectString, timeout: 4_000, client_id: id, client_password: password }
  const second = new ZooKeeper(config)
  const connected = new Promise((resolve) => second.once('connect', resolve))
  second.init({})
  await connected
  await new Promise((resolve) => setImmediate(resolve))
  second.close()
}

function isStopped(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') T ')
}

function statesOf(tree: ClusterTree): string[] {
  const states: string[] = []
  tree.onState((state) => states.push(state))
  return states
}

describe('ZooKeeperTree.open', () => {
  test('a root that is missing is made with all its parts, and is kept when it is there', async () => {
    const tree = await open({ root: `${root}/deep/er` })
    await tree.create('/queue', bytes('x'))
    const again = await open({ root: `${root}/deep/er` })
    expect(await again.children('/')).toEqual(['queue'])
    const above = await open({ root: '/' })
    expect(await textOf(above, `${root}/deep/er/queue`)).toBe('x')
    expect(await above.children('/')).toContain('backpack')
  })

  test('hosts that do not answer, do not resolve or do not exist throw TREE_AWAY that names them', async () => {
    const nobody = `127.0.0.1:${await freePort()}`
    for (const servers of [nobody, 'no-such-host.invalid:2181', `${nobody},no-such-host.invalid:2181`]) {
      const opening = ZooKeeperTree.open({ servers, root, connectTimeoutMs: 500 })
      await expect(opening).rejects.toMatchObject({
        code: 'TREE_AWAY',
        details: { servers: servers.replace(',', ', ') },
      })
    }
  })

  test('a server that comes while it is looked for is found', async () => {
    proxy.cut({ refuse: true })
    const opening = openThroughProxy()
    setTimeout(() => proxy.accept(), 700)
    expect((await opening).state).toBe('connected')
  })

  test('one server of three that runs is enough', async () => {
    const nobody = [await freePort(), await freePort()].map((port) => `127.0.0.1:${port}`)
    const tree = await open({ servers: [...nobody, ensemble.connectString].join(',') })
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
  test('read again and again, does not end the session', async () => {
    const tree = await open()
    const states = statesOf(tree)
    await tree.create('/large', Buffer.alloc(nodeBytesMax, 'x'))
    for (let round = 0; round < 10; round++) {
      expect((await tree.get('/large'))?.data.length).toBe(nodeBytesMax)
    }
    expect(states).toEqual([])
  })
})

describe('a link that is lost', () => {
  test('comes back with the same session: ephemeral nodes stay, watches are told, once per change', async () => {
    const [tree, other] = [await openThroughProxy(), await open()]
    const states = statesOf(tree)
    await tree.create('/fleeting', bytes(''), { ephemeral: true })
    const node = counter()
    const children = counter()
    tree.watchNode('/queue', node.tell)
    tree.watchChildren('/', children.tell)
    for (let round = 1; round <= 3; round++) {
      proxy.cut()
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
    const [tree, other] = [await openThroughProxy(), await open()]
    let seen: string | undefined
    tree.watchNode('/queue', () => {
      textOf(tree, '/queue').then(
        (text) => {
          seen = text
        },
        () => undefined,
      )
    })
    proxy.cut({ refuse: true })
    await until(() => tree.state === 'away', 'the loss is noticed')
    await other.create('/queue', bytes('made meanwhile'))
    proxy.accept()
    await until(() => seen === 'made meanwhile', 'the change is seen')
  })

  test('operations meanwhile throw TREE_AWAY, and go on by themselves when it is short', async () => {
    const log = {
      info: (d: object, m: string) => console.log(Date.now() % 100000, m, d),
      warn: (d: object, m: string) => console.log(Date.now() % 100000, m, d),
    }
    const tree = await open({ servers: proxy.address, log })
    tree.onState((s) => console.log(Date.now() % 100000, s))
    await tree.create('/queue', bytes('one'))
    console.log(Date.now() % 100000, 'cut')
    proxy.cut()
    const [node, version] = await Promise.all([tree.get('/queue'), tree.set('/queue', bytes('two'), 0)])
    expect([node?.data.length, version]).toEqual([3, 1])
    proxy.cut({ refuse: true })
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
    proxy.accept()
    await until(() => tree.state === 'connected', 'the link is back')
    expect(await textOf(tree, '/queue')).toBe('two')
    expect(await tree.children('/')).toEqual(['queue'])
  })

  test('a tree closed while it is away closes', async () => {
    const tree = await openThroughProxy()
    proxy.cut({ refuse: true })
    await until(() => tree.state === 'away', 'the loss is noticed')
    await tree.close()
    expect(tree.state).toBe('closed')
  })
})

describe('a change whose answer is lost', () => {
  for (const lose of ['request', 'answer'] as const) {
    test(`a set is made once, the ${lose} lost`, async () => {
      const tree = await openThroughProxy()
      await tree.create('/queue', bytes('one'))
      proxy.loseNext('set', lose)
      expect(await tree.set('/queue', bytes('two'), 0)).toBe(1)
      expect(proxy.hasLost).toBe(true)
      expect(await tree.get('/queue')).toEqual({ data: bytes('two'), version: 1 })
    })

    test(`a create is made once, lasting or ephemeral, the ${lose} lost`, async () => {
      const tree = await openThroughProxy()
      for (const ephemeral of [false, true]) {
        const path = `/node-${ephemeral}`
        proxy.loseNext('create', lose)
        await tree.create(path, bytes('ours'), { ephemeral })
        expect(proxy.hasLost).toBe(true)
        expect((await tree.get(path))?.ephemeral).toBe(ephemeral ? 'own' : undefined)
        await expect(tree.create(path, bytes('ours'), { ephemeral })).rejects.toMatchObject({
          code: 'NODE_EXISTS',
        })
      }
    })

    test(`a remove is made once, the ${lose} lost, and spares a node that was made after it`, async () => {
      const [tree, other] = [await openThroughProxy(), await open()]
      await tree.create('/queue', bytes('one'))
      proxy.loseNext('delete', lose)
      await tree.remove('/queue')
      expect(proxy.hasLost).toBe(true)
      expect(await tree.get('/queue')).toBeUndefined()
      await tree.create('/queue', bytes('one'))
      proxy.loseNext('delete', lose, async () => {
        if (lose === 'request') await other.remove('/queue')
        await other.create('/queue', bytes('made after'))
      })
      await tree.remove('/queue')
      expect(await textOf(other, '/queue')).toBe('made after')
    })
  }

  test('a set that lost against another throws VERSION_MISMATCH', async () => {
    const [tree, other] = [await openThroughProxy(), await open()]
    await tree.create('/queue', bytes('one'))
    proxy.loseNext('set', 'request', async () => {
      await other.set('/queue', bytes('faster'), 0)
    })
    await expect(tree.set('/queue', bytes('slower'), 0)).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
  })

  test('a set followed by another’s, of which nobody can know, throws TREE_AWAY', async () => {
    const [tree, other] = [await openThroughProxy(), await open()]
    await tree.create('/queue', bytes('one'))
    proxy.loseNext('set', 'answer', async () => {
      await other.set('/queue', bytes('after it'), 1)
    })
    await expect(tree.set('/queue', bytes('two'), 0)).rejects.toMatchObject({ code: 'TREE_AWAY' })
    expect(await textOf(tree, '/queue')).toBe('after it')
  })

  test('a create that lost against another throws NODE_EXISTS', async () => {
    const [tree, other] = [await openThroughProxy(), await open()]
    for (const ephemeral of [false, true]) {
      const path = `/node-${ephemeral}`
      proxy.loseNext('create', 'request', () => other.create(path, bytes('theirs'), { ephemeral }))
      await expect(tree.create(path, bytes('ours'), { ephemeral })).rejects.toMatchObject({
        code: 'NODE_EXISTS',
      })
      expect(await textOf(tree, path)).toBe('theirs')
    }
  })

  test('an ephemeral create with the other’s very data is not believed to be ours', async () => {
    const [tree, other] = [await openThroughProxy(), await open()]
    proxy.loseNext('create', 'request', () => other.create('/turn', bytes('same'), { ephemeral: true }))
    await expect(tree.create('/turn', bytes('same'), { ephemeral: true })).rejects.toMatchObject({
      code: 'NODE_EXISTS',
    })
  })
})

describe('a session that expires', () => {
  test('is replaced by another: ephemeral nodes are gone, watches are told and work', async () => {
    const [tree, other] = [await openThroughProxy(), await open()]
    const states = statesOf(tree)
    await tree.create('/fleeting', bytes(''), { ephemeral: true })
    const node = counter()
    const children = counter()
    tree.watchNode('/fleeting', node.tell)
    tree.watchChildren('/', children.tell)
    await tree.get('/fleeting')
    const before = proxy.session.id
    await expireBehindProxy()
    proxy.accept()
    await until(() => states.at(-1) === 'connected', 'the link is back')
    expect(proxy.session.id).not.toBe(before)
    expect(await tree.get('/fleeting')).toBeUndefined()
    expect(Math.min(node.told, children.told)).toBeGreaterThan(0)
    const [nodeBefore, childrenBefore] = [node.told, children.told]
    await other.create('/fleeting', bytes('x'))
    await until(() => node.told > nodeBefore && children.told > childrenBefore, 'the watches are told')
  })

  test('many times in a row, leaves one session behind', async () => {
    const tree = await openThroughProxy()
    const states = statesOf(tree)
    for (let round = 1; round <= 5; round++) {
      await expireBehindProxy()
      proxy.accept()
      await until(() => states.length === 2 * round, 'there is another session')
      await tree.create(`/node-${round}`, bytes(''))
    }
    expect(states.filter((state) => state === 'connected').length).toBe(5)
  })

  test('takes the turn with it, which is taken again, or by another who waited', async () => {
    const tree = await openThroughProxy()
    const turn = holdTurn(tree, '/turn', bytes('one'))
    await until(() => turn.held(), 'it is held')
    await expireBehindProxy()
    expect(turn.held()).toBe(false)
    proxy.accept()
    await until(() => turn.held(), 'it is held again')
    const other = await open()
    const waiting = holdTurn(other, '/turn', bytes('two'))
    await until(async () => (await textOf(other, '/turn')) === 'one', 'the other waits')
    await expireBehindProxy()
    expect(turn.held()).toBe(false)
    await until(() => waiting.held(), 'the other holds it')
    proxy.accept()
    await until(() => tree.state === 'connected', 'the link is back')
    await tree.get('/turn')
    expect([turn.held(), waiting.held()]).toEqual([false, true])
    await turn.release()
    expect(await textOf(tree, '/turn')).toBe('two')
  })

  test('while no server can be reached is replaced once one can', async () => {
    const tree = await open({ servers: proxy.address, sessionTimeoutMs: 1_000 })
    await tree.create('/fleeting', bytes(''), { ephemeral: true })
    const other = await open()
    const before = proxy.session.id
    proxy.cut({ refuse: true })
    await until(async () => (await other.get('/fleeting')) === undefined, 'the server has ended the session')
    proxy.accept()
    await until(() => tree.state === 'connected', 'the link is back')
    expect(proxy.session.id).not.toBe(before)
    await tree.create('/fleeting', bytes(''), { ephemeral: true })
    expect(await other.get('/fleeting')).toMatchObject({ ephemeral: 'foreign' })
  })
})

describe('a process that is stopped', () => {
  test('for longer than its session lives, does not believe for a moment that the turn is still its own', async () => {
    const tree = await open()
    const child = await TreeProcess.start({ zookeeper: ensemble.connectString, root }, { sessionTimeoutMs: 1_000 })
    try {
      await child.takeTurn('/turn')
      const turn = holdTurn(tree, '/turn', bytes('next'))
      await until(async () => (await child.ask({ what: 'turnLog' })).heldAtMs?.length !== 0, 'the child says so')
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
    } finally {
      await child.kill()
    }
  })
})

describe('a server that hangs', () => {
  test('operations end with TREE_AWAY, and an ephemeral node made after that is removed again', async () => {
    // A long session, so that the link is not given up before the operation is.
    const [tree, other] = [await open({ sessionTimeoutMs: 10_000 }), await open({ sessionTimeoutMs: 10_000 })]
    await tree.create('/queue', bytes('one'))
    const server = ensemble.pidOf(1)
    process.kill(server, 'SIGSTOP')
    await until(() => isStopped(server), 'it has stopped')
    try {
      const asked = [tree.get('/queue'), tree.create('/fleeting', bytes('x'), { ephemeral: true })]
      await Promise.all(asked.map((each) => expect(each).rejects.toMatchObject({ code: 'TREE_AWAY' })))
    } finally {
      process.kill(server, 'SIGCONT')
    }
    await until(() => tree.state === 'connected' && other.state === 'connected', 'it serves again')
    // The creation is carried out now, and undone.
    await until(async () => (await other.get('/fleeting')) === undefined, 'the node is gone')
    await tree.create('/fleeting', bytes('y'), { ephemeral: true })
    expect(await tree.get('/fleeting')).toMatchObject({ data: bytes('y'), ephemeral: 'own' })
    await tree.set('/queue', bytes('two'), 0)
    expect(await textOf(other, '/fleeting')).toBe('y')
  })
})

describe('a server that is killed and started again', () => {
  test('the tree is away, then connected, and watches are told', async () => {
    const tree = await open()
    const states = statesOf(tree)
    await tree.create('/queue', bytes('one'))
    const count = counter()
    tree.watchNode('/queue', count.tell)
    await tree.get('/queue')
    await ensemble.killAll()
    await until(() => tree.state === 'away', 'the loss is noticed')
    const before = count.told
    await ensemble.restartAll()
    await until(() => states.at(-1) === 'connected', 'the link is back')
    expect(count.told).toBeGreaterThan(before)
    expect(await textOf(tree, '/queue')).toBe('one')
    const again = count.told
    await tree.set('/queue', bytes('two'), 0)
    await until(() => count.told > again, 'the change is told')
  })
})
