import { until, ZooKeeperEnsemble } from '@backpack/test-cluster'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { holdTurn } from '../../src/tree/hold-turn.js'
import { ZooKeeperTree } from '../../src/tree/zookeeper-tree.js'
import { bytes, textOf } from './tree-contract.js'

let ensemble: ZooKeeperEnsemble

beforeAll(async () => {
  ensemble = await ZooKeeperEnsemble.start({ servers: 3 })
})

afterAll(() => ensemble.close())

test('three trees of three servers, the leader killed, go on: sets are kept, the turn stays one’s', async () => {
  // The longest that the servers allow: on a busy machine no session is to end by itself.
  const sessionTimeoutMs = 10_000
  const open = () =>
    ZooKeeperTree.open({ servers: ensemble.connectString, root: '/backpack', sessionTimeoutMs })
  const trees = [await open(), await open(), await open()] as const
  try {
    const [tree, other] = trees
    await tree.create('/count', bytes('0'))
    const turns = trees.map((each, index) => holdTurn(each, '/turn', bytes(`${index}`)))
    await until(() => turns.some((turn) => turn.held()), 'one has the turn')
    const leader = await ensemble.leader()
    if (leader === undefined) throw new Error('There is no leader')
    let version = 0
    const increment = async () => {
      try {
        version = await tree.set('/count', bytes(String(version + 1)), version)
      } catch (error) {
        expect(error).toMatchObject({ code: 'TREE_AWAY' })
        return false
      }
      return true
    }
    for (let round = 0; round < 20; round++) expect(await increment()).toBe(true)
    await ensemble.kill(leader)
    await until(increment, 'sets go on')
    for (let round = 0; round < 20; round++) expect(await increment()).toBe(true)
    await until(() => trees.every(({ state }) => state === 'connected'), 'all are connected')
    // One that was not answered may have been made: then it was made once, and said so at the next.
    expect(await tree.get('/count')).toEqual({ data: bytes(String(version)), version })
    await other.create('/other', bytes('x'))
    await until(async () => (await textOf(tree, '/other')) === 'x', 'the others see it')
    await until(() => turns.filter((turn) => turn.held()).length === 1, 'one has the turn')
    await ensemble.restart(leader)
  } finally {
    await Promise.all(trees.map((tree) => tree.close()))
  }
})
