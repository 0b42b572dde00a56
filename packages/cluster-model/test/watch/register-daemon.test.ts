import { until } from '@backpack/test-cluster'
import { beforeEach, describe, expect, test } from 'vitest'
import { registerDaemon } from '../../src/register-daemon.js'
import { ClusterError } from '../../src/errors.js'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { interceptTree } from '../edit/intercept-tree.js'
import { treeKinds, useTreeHome } from '../tree-homes.js'

const options = { kind: 'replicator', packageVersion: '1.2.3' } as const

describe.each(treeKinds)('a registration in a tree of the kind %s', (kind) => {
  const home = useTreeHome(kind)
  let tree: ClusterTree
  let other: ClusterTree

  beforeEach(async () => {
    tree = await home.open()
    other = await home.open()
  })

  test('is one child of /daemons that says who it is', async () => {
    await registerDaemon(tree, options)
    const [name, ...more] = (await tree.children('/daemons')) ?? []
    expect(name).toMatch(/^replicator-/)
    expect(more).toEqual([])
    const node = await tree.get(`/daemons/${name}`)
    expect(JSON.parse(node?.data.toString() ?? '')).toMatchObject({ ...options, pid: process.pid })
  })

  test('of several daemons in one process are several', async () => {
    await Promise.all([registerDaemon(tree, options), registerDaemon(tree, options)])
    expect((await tree.children('/daemons'))?.length).toBe(2)
  })

  test('is made again when it has gone', async () => {
    await registerDaemon(tree, options)
    for (let time = 0; time < 3; time++) {
      const [name] = (await tree.children('/daemons')) ?? []
      await tree.remove(`/daemons/${name}`)
      await until(async () => (await tree.children('/daemons'))?.length === 1, 'it is back')
    }
  })

  test('is gone for good once it is closed', async () => {
    const registration = await registerDaemon(tree, options)
    await registration.close()
    await registration.close()
    expect(await other.children('/daemons')).toEqual([])
  })

  test('goes with its tree', async () => {
    await registerDaemon(tree, options)
    await tree.close()
    await until(async () => (await other.children('/daemons'))?.length === 0, 'it is gone')
  })

  test('in a tree that is away for a moment resolves, and is made when the tree is back', async () => {
    let reads = 0
    const away = interceptTree(tree, {
      beforeRead: () => {
        if (++reads > 2) return Promise.resolve()
        return Promise.reject(new ClusterError('TREE_AWAY', 'There is no connection at present'))
      },
    })
    await registerDaemon(away, options)
    expect(await other.children('/daemons')).toBeUndefined()
    await until(async () => (await other.children('/daemons'))?.length === 1, 'it is made')
  })

  test('on a closed tree throws TREE_CLOSED', async () => {
    await tree.close()
    await expect(registerDaemon(tree, options)).rejects.toMatchObject({ code: 'TREE_CLOSED' })
  })
})
