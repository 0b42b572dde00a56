import { until } from '@backpack/test-cluster'
import { describe, expect, test } from 'vitest'
import { bytes, textOf } from './tree-contract.js'
import { isStopped, lastingSessionMs, useZooKeeper } from './zookeeper-home.js'

const zooKeeper = useZooKeeper()
const openThroughProxy = () => zooKeeper.openThroughProxy({ sessionTimeoutMs: lastingSessionMs })

describe('a change whose answer is lost', () => {
  for (const lose of ['request', 'answer'] as const) {
    test(`a set is made once, the ${lose} lost`, async () => {
      const tree = await openThroughProxy()
      await tree.create('/queue', bytes('one'))
      zooKeeper.proxy.loseNext('set', lose)
      expect(await tree.set('/queue', bytes('two'), 0)).toBe(1)
      expect(zooKeeper.proxy.hasLost).toBe(true)
      expect(await tree.get('/queue')).toEqual({ data: bytes('two'), version: 1 })
    })

    test(`a create is made once, lasting or ephemeral, the ${lose} lost`, async () => {
      const tree = await openThroughProxy()
      for (const ephemeral of [false, true]) {
        const path = `/node-${ephemeral}`
        zooKeeper.proxy.loseNext('create', lose)
        await tree.create(path, bytes('ours'), { ephemeral })
        expect(zooKeeper.proxy.hasLost).toBe(true)
        expect((await tree.get(path))?.ephemeral).toBe(ephemeral ? 'own' : undefined)
        await expect(tree.create(path, bytes('ours'), { ephemeral })).rejects.toMatchObject({
          code: 'NODE_EXISTS',
        })
      }
    })

    test(`a remove is made once, the ${lose} lost, and spares a node that was made after it`, async () => {
      const [tree, other] = [await openThroughProxy(), await zooKeeper.open()]
      await tree.create('/queue', bytes('one'))
      zooKeeper.proxy.loseNext('delete', lose)
      await tree.remove('/queue')
      expect(zooKeeper.proxy.hasLost).toBe(true)
      expect(await tree.get('/queue')).toBeUndefined()
      await tree.create('/queue', bytes('one'))
      zooKeeper.proxy.loseNext('delete', lose, async () => {
        if (lose === 'request') await other.remove('/queue')
        await other.create('/queue', bytes('made after'))
      })
      await tree.remove('/queue')
      expect(await textOf(other, '/queue')).toBe('made after')
    })
  }

  test('a set that lost against another throws VERSION_MISMATCH', async () => {
    const [tree, other] = [await openThroughProxy(), await zooKeeper.open()]
    await tree.create('/queue', bytes('one'))
    zooKeeper.proxy.loseNext('set', 'request', async () => {
      await other.set('/queue', bytes('faster'), 0)
    })
    await expect(tree.set('/queue', bytes('slower'), 0)).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
  })

  test('a set followed by another’s, of which nobody can know, throws TREE_AWAY', async () => {
    const [tree, other] = [await openThroughProxy(), await zooKeeper.open()]
    await tree.create('/queue', bytes('one'))
    zooKeeper.proxy.loseNext('set', 'answer', async () => {
      await other.set('/queue', bytes('after it'), 1)
    })
    await expect(tree.set('/queue', bytes('two'), 0)).rejects.toMatchObject({ code: 'TREE_AWAY' })
    expect(await textOf(tree, '/queue')).toBe('after it')
  })

  test('a create that lost against another throws NODE_EXISTS', async () => {
    const [tree, other] = [await openThroughProxy(), await zooKeeper.open()]
    for (const ephemeral of [false, true]) {
      const path = `/node-${ephemeral}`
      zooKeeper.proxy.loseNext('create', 'request', () => other.create(path, bytes('theirs'), { ephemeral }))
      await expect(tree.create(path, bytes('ours'), { ephemeral })).rejects.toMatchObject({
        code: 'NODE_EXISTS',
      })
      expect(await textOf(tree, path)).toBe('theirs')
    }
  })

  test('an ephemeral create with the other’s very data is not believed to be ours', async () => {
    const [tree, other] = [await openThroughProxy(), await zooKeeper.open()]
    zooKeeper.proxy.loseNext('create', 'request', () =>
      other.create('/turn', bytes('same'), { ephemeral: true }),
    )
    await expect(tree.create('/turn', bytes('same'), { ephemeral: true })).rejects.toMatchObject({
      code: 'NODE_EXISTS',
    })
  })
})

describe('a server that hangs', () => {
  test('operations end with TREE_AWAY, and an ephemeral node made after that is removed again', async () => {
    // A long session, so that the link is not given up before the operation is.
    const [tree, other] = [
      await zooKeeper.open({ sessionTimeoutMs: 10_000 }),
      await zooKeeper.open({ sessionTimeoutMs: 10_000 }),
    ]
    await tree.create('/queue', bytes('one'))
    const server = zooKeeper.ensemble.pidOf(1)
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
