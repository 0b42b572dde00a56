// What every ClusterTree promises of ephemeral nodes, and of its own end.
import { until } from '@backpack/test-cluster'
import { describe, expect, test } from 'vitest'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import type { TreeHome } from '../tree-homes.js'
import { bytes, counter, textOf } from './tree-contract.js'
import { useTreeProcesses } from './tree-process.js'

export function describeEphemerals(home: TreeHome): void {
  describe('ephemeral nodes', () => {
    const processes = useTreeProcesses()

    test('an ephemeral node is its own tree’s to that tree and foreign to others, until that tree is closed', async () => {
      const [one, other] = [await home.open(), await home.open()]
      await one.create('/lasting', bytes('x'))
      await one.create('/fleeting', bytes('y'), { ephemeral: true })
      expect(await one.get('/fleeting')).toEqual({ data: bytes('y'), version: 0, ephemeral: 'own' })
      expect(await other.get('/fleeting')).toEqual({ data: bytes('y'), version: 0, ephemeral: 'foreign' })
      expect(await other.get('/lasting')).toEqual({ data: bytes('x'), version: 0 })
      await one.close()
      expect(await other.children('/')).toEqual(['lasting'])
      await other.create('/fleeting', bytes('z'), { ephemeral: true })
      expect(await textOf(other, '/fleeting')).toBe('z')
    })

    test('an ephemeral node has no children', async () => {
      const tree = await home.open()
      await tree.create('/fleeting', bytes(''), { ephemeral: true })
      await expect(tree.create('/fleeting/child', bytes(''))).rejects.toThrow(TypeError)
    })

    test('an ephemeral node of a process that was killed goes, and whoever watches is told', async () => {
      const tree = await home.open()
      const child = await processes.start(home.address)
      await child.create('/lasting', 'x')
      await child.create('/fleeting', 'y', { ephemeral: true })
      expect(await textOf(tree, '/fleeting')).toBe('y')
      const node = counter()
      const root = counter()
      tree.watchNode('/fleeting', node.tell)
      tree.watchChildren('/', root.tell)
      await tree.get('/fleeting')
      await child.kill()
      await until(() => node.told > 0 && root.told > 0, 'the watches are told')
      expect(await tree.children('/')).toEqual(['lasting'])
      await tree.create('/fleeting', bytes('z'))
      expect(await textOf(tree, '/fleeting')).toBe('z')
    })
  })
}

export function describeClosing(home: TreeHome): void {
  describe('close', () => {
    test('a closed tree, asked for anything, throws TREE_CLOSED, and can be closed again', async () => {
      const tree = await home.open()
      await tree.create('/queue', bytes('one'))
      const states: string[] = []
      tree.onState((state) => states.push(state))
      await tree.close()
      await tree.close()
      expect(states).toEqual(['closed'])
      expect(tree.state).toBe('closed')
      for (const asked of [
        tree.get('/queue'),
        tree.set('/queue', bytes(''), 0),
        tree.create('/other', bytes('')),
        tree.remove('/queue'),
        tree.children('/'),
      ]) {
        await expect(asked).rejects.toMatchObject({ code: 'TREE_CLOSED' })
      }
    })

    test('a tree that is left by await using is closed', async () => {
      let left: ClusterTree
      {
        await using tree = await home.open()
        left = tree
      }
      expect(left.state).toBe('closed')
    })

    test('changes under way at close() end as done or with a code', async () => {
      const [tree, other] = [await home.open(), await home.open()]
      const creations = Array.from({ length: 20 }, (_, index) => tree.create(`/node-${index}`, bytes('')))
      const settled = Promise.allSettled(creations)
      await tree.close()
      const names = await other.children('/')
      for (const [index, each] of (await settled).entries()) {
        if (each.status === 'fulfilled') expect(names).toContain(`node-${index}`)
        else expect(each.reason).toMatchObject({ code: expect.stringMatching(/^TREE_/) as string })
      }
    })

    test('listeners of a closed tree are not called any more', async () => {
      const [tree, other] = [await home.open(), await home.open()]
      const closed = counter()
      const open = counter()
      tree.watchNode('/queue', closed.tell)
      other.watchNode('/queue', open.tell)
      await tree.get('/queue')
      await tree.close()
      await other.create('/queue', bytes(''))
      await until(() => open.told > 0, 'the open tree is told')
      expect(closed.told).toBe(0)
    })
  })
}
