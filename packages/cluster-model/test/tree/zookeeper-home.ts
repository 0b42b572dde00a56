// Where the tests of ZooKeeperTree alone find a server, a proxy before it, and trees of either.
import { until, ZooKeeperEnsemble } from '@backpack/test-cluster'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import ZooKeeper from 'zookeeper'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { ZooKeeperTree, type ZooKeeperTreeOptions } from '../../src/tree/zookeeper-tree.js'
import { ZooKeeperProxy } from './zookeeper-proxy.js'

/** Short, since the client looks for a server again three times in that. */
const proxySessionMs = 2_000
/** For a session behind the proxy that is to outlive a cut, also on a busy machine. */
export const lastingSessionMs = 5_000
/** The longest that the server allows: on a busy machine none is to end by itself. */
const longestSessionMs = 10_000

export interface ZooKeeperHome {
  readonly ensemble: ZooKeeperEnsemble
  /** Of the present test, as is the root. */
  readonly proxy: ZooKeeperProxy
  readonly root: string
  /** Trees are closed after the test. */
  open(options?: Partial<ZooKeeperTreeOptions>): Promise<ZooKeeperTree>
  openThroughProxy(options?: Partial<ZooKeeperTreeOptions>): Promise<ZooKeeperTree>
  /**
   * Ends the session of a tree behind the proxy from the outside: once it is away, a second client takes the session over and
   * closes it. The tree is kept from taking it back; it learns of it when the proxy accepts again.
   */
  expireBehindProxy(tree: ClusterTree): Promise<void>
}

/** To be called once in a test file. */
export function useZooKeeper(): ZooKeeperHome {
  let ensemble: ZooKeeperEnsemble | undefined
  let proxy: ZooKeeperProxy | undefined
  let tests = 0
  const opened: ClusterTree[] = []
  beforeAll(async () => {
    ensemble = await ZooKeeperEnsemble.start()
  })
  afterAll(() => ensemble?.close())
  beforeEach(async () => {
    tests++
    proxy = await ZooKeeperProxy.start(Number(home.ensemble.connectString.split(':')[1]))
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((tree) => tree.close()))
    await proxy?.close()
  })
  const home: ZooKeeperHome = {
    get ensemble() {
      if (ensemble === undefined) throw new TypeError('There is no server yet')
      return ensemble
    },
    get proxy() {
      if (proxy === undefined) throw new TypeError('There is no proxy yet')
      return proxy
    },
    get root() {
      return `/backpack/test-${tests}`
    },
    async open(options = {}) {
      const tree = await ZooKeeperTree.open({
        servers: home.ensemble.connectString,
        root: home.root,
        sessionTimeoutMs: longestSessionMs,
        ...options,
      })
      opened.push(tree)
      return tree
    },
    openThroughProxy(options = {}) {
      return home.open({ servers: home.proxy.address, sessionTimeoutMs: proxySessionMs, ...options })
    },
    async expireBehindProxy(tree) {
      const session = home.proxy.session
      home.proxy.cut({ refuse: true })
      await until(() => tree.state === 'away', 'the loss is noticed')
      await takeOverAndClose(home.ensemble.connectString, session)
    },
  }
  return home
}

/** Of a session that has ended by itself meanwhile there is nothing to take over. */
export async function takeOverAndClose(
  servers: string,
  { id, password }: { readonly id: string; readonly password: string },
): Promise<void> {
  const second = new ZooKeeper({ connect: servers, timeout: 4_000, client_id: id, client_password: password })
  const taken = Promise.race([once(second, 'connect'), once(second, 'close')])
  second.init({})
  await taken
  // Not from within the client's own event.
  await new Promise((resolve) => setImmediate(resolve))
  second.close()
}

export function statesOf(tree: ClusterTree): string[] {
  const states: string[] = []
  tree.onState((state) => states.push(state))
  return states
}

export function isStopped(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') T ')
}
