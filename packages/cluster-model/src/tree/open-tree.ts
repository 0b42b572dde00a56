import type { ClusterTree } from './cluster-tree.js'
import { FileTree } from './file-tree.js'
import { ZooKeeperTree, type ZooKeeperTreeOptions } from './zookeeper-tree.js'

/** Where a cluster's model lives: below `root` of ZooKeeper servers `host:port,host:port`, or in a file. */
export type TreeAddress = { readonly zookeeper: string; readonly root: string } | { readonly file: string }

export type OpenTreeOptions = Omit<ZooKeeperTreeOptions, 'servers' | 'root'>

/** Resolves once it is connected. Throws as ZooKeeperTree.open() and FileTree.open(); `options` are for ZooKeeper only. */
export function openTree(address: TreeAddress, options: OpenTreeOptions = {}): Promise<ClusterTree> {
  if ('file' in address) return FileTree.open({ path: address.file })
  return ZooKeeperTree.open({ ...options, servers: address.zookeeper, root: address.root })
}
