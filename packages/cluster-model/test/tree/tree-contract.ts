// What every ClusterTree promises of its nodes, whatever it is kept in. Run over each kind by its own test file.
import { describe, expect, test } from 'vitest'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { nodeBytesMax } from '../../src/tree/tree-rules.js'
import type { TreeHome } from '../tree-homes.js'

export const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')

/** The data as text; undefined when there is no such node. */
export async function textOf(tree: ClusterTree, path: string): Promise<string | undefined> {
  return (await tree.get(path))?.data.toString('utf8')
}

/** Counts how often it was told. */
export function counter(): { told: number; readonly tell: () => void } {
  const count = { told: 0, tell: () => void count.told++ }
  return count
}

export function describeNodes(home: TreeHome): void {
  describe('nodes', () => {
    test('a fresh tree, looked into, has a root without children and nothing else', async () => {
      const tree = await home.open()
      expect(tree.state).toBe('connected')
      expect(await tree.children('/')).toEqual([])
      expect(await tree.get('/')).toMatchObject({ data: bytes(''), version: 0 })
      expect(await tree.get('/queue')).toBeUndefined()
      expect(await tree.children('/queue')).toBeUndefined()
    })

    test('a node, created and set, has its data and a version that grows by one', async () => {
      const tree = await home.open()
      await tree.create('/queue', bytes('one'))
      expect(await tree.get('/queue')).toEqual({ data: bytes('one'), version: 0 })
      expect(await tree.set('/queue', bytes('two'), 0)).toBe(1)
      expect(await tree.set('/queue', bytes('two'), 1)).toBe(2)
      expect(await tree.get('/queue')).toEqual({ data: bytes('two'), version: 2 })
    })

    test('a change by one tree, read by another, is seen at once', async () => {
      const [one, other] = [await home.open(), await home.open()]
      for (let round = 0; round < 20; round++) {
        await one.create(`/node-${round}`, bytes('x'))
        expect(await textOf(other, `/node-${round}`)).toBe('x')
        expect(await other.set(`/node-${round}`, bytes('y'), 0)).toBe(1)
        expect(await textOf(one, `/node-${round}`)).toBe('y')
      }
    })

    test('a set with another version than the present one throws VERSION_MISMATCH and changes nothing', async () => {
      const tree = await home.open()
      await tree.create('/queue', bytes('one'))
      await tree.set('/queue', bytes('two'), 0)
      await expect(tree.set('/queue', bytes('three'), 0)).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
      await expect(tree.set('/queue', bytes('three'), 2)).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
      expect(await tree.get('/queue')).toEqual({ data: bytes('two'), version: 1 })
    })

    test('what is not there, set, removed or made a parent, throws NODE_MISSING', async () => {
      const tree = await home.open()
      await expect(tree.set('/queue', bytes(''), 0)).rejects.toMatchObject({ code: 'NODE_MISSING' })
      await expect(tree.remove('/queue')).rejects.toMatchObject({ code: 'NODE_MISSING' })
      await expect(tree.create('/one/two', bytes(''))).rejects.toMatchObject({ code: 'NODE_MISSING' })
    })

    test('a node that is there, created again, throws NODE_EXISTS and stays', async () => {
      const tree = await home.open()
      await tree.create('/queue', bytes('one'))
      await expect(tree.create('/queue', bytes('one'))).rejects.toMatchObject({ code: 'NODE_EXISTS' })
      await expect(tree.create('/queue', bytes('two'))).rejects.toMatchObject({ code: 'NODE_EXISTS' })
      expect(await textOf(tree, '/queue')).toBe('one')
    })

    test('a remove throws NODE_NOT_EMPTY and VERSION_MISMATCH, and removes otherwise', async () => {
      const tree = await home.open()
      await tree.create('/one', bytes(''))
      await tree.create('/one/two', bytes(''))
      await expect(tree.remove('/one')).rejects.toMatchObject({ code: 'NODE_NOT_EMPTY' })
      await expect(tree.remove('/one/two', 1)).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
      await tree.remove('/one/two', 0)
      await tree.remove('/one')
      expect(await tree.children('/')).toEqual([])
    })

    test('a node, removed and created again, begins at version 0', async () => {
      const tree = await home.open()
      await tree.create('/queue', bytes('one'))
      await tree.set('/queue', bytes('two'), 0)
      await tree.remove('/queue')
      await tree.create('/queue', bytes('three'))
      expect(await tree.get('/queue')).toEqual({ data: bytes('three'), version: 0 })
    })

    test('children are the names of the next level only, sorted', async () => {
      const tree = await home.open()
      for (const path of ['/b', '/a', '/a/z', '/a/Фото', '/a/y', '/a/y/deep', '/ab']) {
        await tree.create(path, bytes(''))
      }
      expect(await tree.children('/')).toEqual(['a', 'ab', 'b'])
      expect(await tree.children('/a')).toEqual(['y', 'z', 'Фото'])
      expect(await tree.children('/b')).toEqual([])
    })

    test('data of any bytes, empty and Unicode too, comes back as it was', async () => {
      const tree = await home.open()
      const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
      for (const data of [
        bytes(''),
        bytes('Ünïcödé 漢字 🎒 \u0000 "quoted"\n'),
        everyByte,
        bytes('\ufeffbom'),
      ]) {
        await tree.create('/data', data)
        expect((await tree.get('/data'))?.data).toEqual(data)
        await tree.remove('/data')
      }
    })

    test('data of the largest size is kept, of one byte more throws NODE_TOO_LARGE', async () => {
      const tree = await home.open()
      const largest = Buffer.alloc(nodeBytesMax, 'x')
      const tooLarge = Buffer.alloc(nodeBytesMax + 1, 'x')
      await tree.create('/large', largest)
      expect((await tree.get('/large'))?.data.equals(largest)).toBe(true)
      expect(await tree.set('/large', largest, 0)).toBe(1)
      await expect(tree.set('/large', tooLarge, 1)).rejects.toMatchObject({ code: 'NODE_TOO_LARGE' })
      await expect(tree.create('/larger', tooLarge)).rejects.toMatchObject({ code: 'NODE_TOO_LARGE' })
      expect(await tree.children('/')).toEqual(['large'])
    })

    test('a path that is none, given to anything, throws TypeError', async () => {
      const tree = await home.open()
      for (const path of ['', 'a', '/a/', '//', '/a//b', '/..', '/a/./b', '/a\u0000', '/\ud83c\udf92']) {
        await expect(tree.get(path)).rejects.toThrow(TypeError)
        await expect(tree.create(path, bytes(''))).rejects.toThrow(TypeError)
        await expect(tree.set(path, bytes(''), 0)).rejects.toThrow(TypeError)
        await expect(tree.remove(path)).rejects.toThrow(TypeError)
        await expect(tree.children(path)).rejects.toThrow(TypeError)
        expect(() => tree.watchNode(path, () => undefined)).toThrow(TypeError)
      }
      await expect(tree.remove('/')).rejects.toThrow(TypeError)
      await expect(tree.create('/', bytes(''))).rejects.toThrow(TypeError)
    })

    test('a buffer, written into by whoever gave or got it, changes nothing in the tree', async () => {
      const tree = await home.open()
      const given = bytes('one')
      const created = tree.create('/queue', given)
      given.write('!!!')
      await created
      const got = await tree.get('/queue')
      got?.data.write('???')
      expect(await textOf(tree, '/queue')).toBe('one')
    })
  })
}

export function describeRaces(home: TreeHome): void {
  describe('races', () => {
    test('200 increments by four trees at once, each by compare-and-set, lose none', async () => {
      const trees = await Promise.all(Array.from({ length: 4 }, () => home.open()))
      await trees[0]?.create('/count', bytes('0'))
      await Promise.all(trees.map((tree) => incrementTimes(tree, '/count', 50)))
      expect(await trees[0]?.get('/count')).toEqual({ data: bytes('200'), version: 200 })
    })

    test('one path created by eight callers of four trees at once has one winner', async () => {
      const trees = await Promise.all(Array.from({ length: 4 }, () => home.open()))
      for (let round = 0; round < 10; round++) {
        const path = `/winner-${round}`
        const creations = [...trees, ...trees].map((tree, index) => tree.create(path, bytes(`${index}`)))
        const settled = await Promise.allSettled(creations)
        const winners = settled.flatMap(({ status }, index) => (status === 'fulfilled' ? [`${index}`] : []))
        expect(winners).toEqual([await textOf(trees[0]!, path)])
        for (const each of settled) {
          if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'NODE_EXISTS' })
        }
      }
    })
  })
}

async function incrementTimes(tree: ClusterTree, path: string, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const node = await tree.get(path)
    if (node === undefined) throw new Error('The counter is gone')
    try {
      await tree.set(path, bytes(String(Number(node.data.toString()) + 1)), node.version)
      done++
    } catch (error) {
      expect(error).toMatchObject({ code: 'VERSION_MISMATCH' })
    }
  }
}
