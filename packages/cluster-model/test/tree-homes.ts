// Where tests find fresh trees of each kind: any number of them on one place, as daemons and admins have.
import { TemporaryDirectory, ZooKeeperEnsemble } from '@backpack/test-cluster'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import type { ClusterTree } from '../src/tree/cluster-tree.js'
import { openTree, type TreeAddress } from '../src/tree/open-tree.js'

export const treeKinds = ['file', 'zookeeper'] as const

export type TreeKind = (typeof treeKinds)[number]

/** The longest that the servers allow: on a busy machine none is to end by itself. */
const sessionTimeoutMs = 10_000

export interface TreeHome {
  /** Of the present test: another place for each. */
  readonly address: TreeAddress
  readonly zooKeeper: ZooKeeperEnsemble
  /** Closed after the test, if it is still open. */
  open(): Promise<ClusterTree>
}

/** To be called once within the describe() of a kind. */
export function useTreeHome(kind: TreeKind): TreeHome {
  let ensemble: ZooKeeperEnsemble | undefined
  let directory: TemporaryDirectory | undefined
  let places = 0
  const opened: ClusterTree[] = []
  beforeAll(async () => {
    if (kind === 'zookeeper') ensemble = await ZooKeeperEnsemble.start()
    else directory = new TemporaryDirectory()
  })
  afterAll(async () => {
    await ensemble?.close()
    directory?.remove()
  })
  beforeEach(() => {
    places++
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((tree) => tree.close()))
  })
  const home = {
    get address(): TreeAddress {
      return kind === 'file'
        ? { file: join(directory?.path ?? '', `cluster-${places}.json`) }
        : { zookeeper: ensemble?.connectString ?? '', root: `/backpack-${places}` }
    },
    get zooKeeper(): ZooKeeperEnsemble {
      if (ensemble === undefined) throw new TypeError('Only trees in ZooKeeper have one')
      return ensemble
    },
    async open() {
      const tree = await openTree(home.address, { sessionTimeoutMs })
      opened.push(tree)
      return tree
    },
  }
  return home
}

/** What stands in the tree, as text, but for ephemeral nodes. */
export async function dumpTree(tree: ClusterTree): Promise<Record<string, string>> {
  const names = ((await tree.children('/')) ?? []).filter((name) => name !== 'edit-lock')
  const nodes = await Promise.all(names.map((name) => tree.get(`/${name}`)))
  return Object.fromEntries(
    names.map((name, index) => [`/${name}`, `${nodes[index]?.version} ${nodes[index]?.data.toString()}`]),
  )
}
