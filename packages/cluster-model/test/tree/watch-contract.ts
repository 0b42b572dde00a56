// What every ClusterTree promises of watches, and what holdTurn() makes of them.
import { until } from '@backpack/test-cluster'
import { describe, expect, test } from 'vitest'
import { holdTurn } from '../../src/tree/hold-turn.js'
import type { TreeHome } from '../tree-homes.js'
import { bytes, counter, textOf } from './tree-contract.js'
import { useTreeProcesses } from './tree-process.js'

export function describeWatches(home: TreeHome): void {
  describe('watches', () => {
    test('a watched node, created, set, removed and created again by another tree, is told of each time', async () => {
      const [tree, other] = [await home.open(), await home.open()]
      const count = counter()
      tree.watchNode('/queue', count.tell)
      const told = async (change: Promise<unknown>) => {
        const before = count.told
        await change
        await until(() => count.told > before, 'the watch is told')
      }
      await tree.get('/queue')
      await told(other.create('/queue', bytes('one')))
      await told(other.set('/queue', bytes('two'), 0))
      await told(other.remove('/queue'))
      await told(other.create('/queue', bytes('three')))
      await told(tree.set('/queue', bytes('four'), 0))
    })

    test('a change of another node or of children does not tell who watches a node', async () => {
      const tree = await home.open()
      await tree.create('/parent', bytes(''))
      const node = counter()
      const later = counter()
      tree.watchNode('/parent', node.tell)
      tree.watchNode('/last', later.tell)
      await tree.get('/parent')
      await tree.create('/parent/child', bytes(''))
      await tree.create('/other', bytes(''))
      await tree.create('/last', bytes(''))
      await until(() => later.told > 0, 'the last change is told')
      expect(node.told).toBe(0)
    })

    test('watched children, created and removed, are told of; their data is not', async () => {
      const [tree, other] = [await home.open(), await home.open()]
      await tree.create('/parent', bytes(''))
      const count = counter()
      tree.watchChildren('/parent', count.tell)
      await tree.children('/parent')
      await other.create('/parent/one', bytes(''))
      await until(() => count.told === 1, 'the creation is told')
      const data = counter()
      tree.watchNode('/parent/one', data.tell)
      await tree.get('/parent/one')
      await other.set('/parent/one', bytes('x'), 0)
      await until(() => data.told > 0, 'the data is told')
      expect(count.told).toBe(1)
      await other.remove('/parent/one')
      await until(() => count.told === 2, 'the removal is told')
    })

    test('children of a node that is not there yet are told of once it has some, and after it was made again', async () => {
      const [tree, other] = [await home.open(), await home.open()]
      const seen: (string[] | undefined)[] = []
      tree.watchChildren('/parent', () => {
        tree.children('/parent').then(
          (names) => seen.push(names),
          () => undefined,
        )
      })
      expect(await tree.children('/parent')).toBeUndefined()
      await other.create('/parent', bytes(''))
      await other.create('/parent/one', bytes(''))
      await until(() => seen.at(-1)?.[0] === 'one', 'the first child is seen')
      await other.remove('/parent/one')
      await other.remove('/parent')
      await other.create('/parent', bytes(''))
      await other.create('/parent/two', bytes(''))
      await until(() => seen.at(-1)?.[0] === 'two', 'the second child is seen')
    })

    test('many changes in a row, read when told, end with the last one seen', async () => {
      const [tree, other] = [await home.open(), await home.open()]
      await other.create('/queue', bytes('start'))
      let seen: string | undefined
      tree.watchNode('/queue', () => {
        textOf(tree, '/queue').then(
          (text) => {
            seen = text
          },
          () => undefined,
        )
      })
      await tree.get('/queue')
      for (let version = 0; version < 100; version++) {
        await other.set('/queue', bytes(`change ${version}`), version)
      }
      await until(() => seen === 'change 99', 'the last change is seen')
    })

    test('a change after a read began is told of before another read gives it', async () => {
      const [tree, other] = [await home.open(), await home.open()]
      await other.create('/queue', bytes(''))
      const count = counter()
      tree.watchNode('/queue', count.tell)
      await tree.get('/queue')
      // Told when the read that gave the version began.
      let [versionSeen, toldBefore] = [0, count.told]
      const writing = (async () => {
        for (let version = 0; version < 50; version++) await other.set('/queue', bytes(''), version)
      })()
      while (versionSeen < 50) {
        const toldAtStart = count.told
        const version = (await tree.get('/queue'))?.version ?? 0
        if (version > versionSeen) expect(count.told).toBeGreaterThan(toldBefore)
        versionSeen = version
        toldBefore = toldAtStart
      }
      await writing
    })

    test('several listeners of one node are each told, but not the one that was stopped', async () => {
      const tree = await home.open()
      const [first, second, stopped] = [counter(), counter(), counter()]
      tree.watchNode('/queue', first.tell)
      const stop = tree.watchNode('/queue', stopped.tell)
      tree.watchNode('/queue', second.tell)
      await tree.get('/queue')
      stop()
      stop()
      await tree.create('/queue', bytes(''))
      await until(() => first.told > 0 && second.told > 0, 'both are told')
      expect(stopped.told).toBe(0)
      expect([first.told, second.told]).toEqual([1, 1])
    })

    test('a watch, stopped and begun again, is told of changes', async () => {
      const tree = await home.open()
      tree.watchNode('/queue', () => undefined)()
      await tree.create('/queue', bytes(''))
      const count = counter()
      tree.watchNode('/queue', count.tell)
      await tree.get('/queue')
      await tree.set('/queue', bytes('x'), 0)
      await until(() => count.told > 0, 'the watch is told')
    })
  })
}

export function describeTurns(home: TreeHome): void {
  describe('holdTurn', () => {
    const processes = useTreeProcesses()

    test('a turn that is free is taken, one that is held is waited for until it is released', async () => {
      const [one, other] = [await home.open(), await home.open()]
      const first = holdTurn(one, '/turn', bytes('first'))
      await until(() => first.held(), 'the first holds it')
      const second = holdTurn(other, '/turn', bytes('second'))
      await until(async () => (await textOf(other, '/turn')) === 'first', 'the node says who')
      expect(second.held()).toBe(false)
      await first.release()
      await first.release()
      expect(first.held()).toBe(false)
      await until(() => second.held(), 'the second holds it')
      expect(await textOf(one, '/turn')).toBe('second')
      await second.release()
      expect(await one.get('/turn')).toBeUndefined()
    })

    test('a turn whose signal aborts is released; one aborted before is never taken', async () => {
      const tree = await home.open()
      const stop = new AbortController()
      const turn = holdTurn(tree, '/turn', bytes(''), { signal: stop.signal })
      await until(() => turn.held(), 'it is held')
      stop.abort()
      expect(turn.held()).toBe(false)
      await until(async () => (await tree.get('/turn')) === undefined, 'the node is gone')
      const never = holdTurn(tree, '/turn', bytes(''), { signal: stop.signal })
      await never.release()
      expect(await tree.get('/turn')).toBeUndefined()
    })

    test('a turn whose node somebody removes is not held until it was taken again', async () => {
      const [one, other] = [await home.open(), await home.open()]
      const turn = holdTurn(one, '/turn', bytes('again'))
      await until(() => turn.held(), 'it is held')
      await other.remove('/turn')
      await until(async () => (await textOf(other, '/turn')) === 'again', 'it was taken again')
      await until(() => turn.held(), 'it is held again')
      await turn.release()
      expect(await other.get('/turn')).toBeUndefined()
    })

    test('a turn waiting for another, released, leaves the other’s node alone', async () => {
      const [one, other] = [await home.open(), await home.open()]
      const first = holdTurn(one, '/turn', bytes('first'))
      await until(() => first.held(), 'the first holds it')
      const second = holdTurn(other, '/turn', bytes('second'))
      await second.release()
      expect(first.held()).toBe(true)
      expect(await textOf(other, '/turn')).toBe('first')
    })

    test('a turn of a tree that is closed is not held, and goes to the next', async () => {
      const [one, other] = [await home.open(), await home.open()]
      const first = holdTurn(one, '/turn', bytes('first'))
      await until(() => first.held(), 'the first holds it')
      const second = holdTurn(other, '/turn', bytes('second'))
      await one.close()
      expect(first.held()).toBe(false)
      await until(() => second.held(), 'the second holds it')
      await first.release()
      expect(await textOf(other, '/turn')).toBe('second')
    })

    test('a turn of a process that was killed goes to the next', async () => {
      const tree = await home.open()
      const child = await processes.start(home.address)
      await child.takeTurn('/turn')
      const turn = holdTurn(tree, '/turn', bytes('next'))
      await until(async () => (await tree.get('/turn')) !== undefined, 'the child holds it')
      expect(turn.held()).toBe(false)
      await child.kill()
      await until(() => turn.held(), 'the next holds it')
    })

    test('of six that want a turn, released as soon as held, at most one holds it at any time', async () => {
      const trees = await Promise.all(Array.from({ length: 3 }, () => home.open()))
      let holders = 0
      let rounds = 0
      const work = async (tree: (typeof trees)[number], index: number) => {
        const turn = holdTurn(tree, '/turn', bytes(`${index}`))
        await until(() => turn.held(), 'it is held')
        holders++
        expect(holders).toBe(1)
        await tree.get('/turn')
        expect(holders).toBe(1)
        holders--
        rounds++
        await turn.release()
      }
      for (let round = 0; round < 2; round++) await Promise.all(trees.map(work))
      expect(rounds).toBe(6)
    })
  })
}
