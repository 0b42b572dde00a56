// A real tree with something that happens before each of its reads or writes.
import type { ClusterTree } from '../../src/tree/cluster-tree.js'

export function interceptTree(
  tree: ClusterTree,
  {
    beforeRead = () => Promise.resolve(),
    beforeWrite = () => Promise.resolve(),
  }: { beforeRead?: (path: string) => Promise<void>; beforeWrite?: (path: string) => Promise<void> },
): ClusterTree {
  return {
    get state() {
      return tree.state
    },
    get: async (path) => {
      await beforeRead(path)
      return tree.get(path)
    },
    set: async (path, data, version) => {
      await beforeWrite(path)
      return tree.set(path, data, version)
    },
    create: async (path, data, options) => {
      await beforeWrite(path)
      return tree.create(path, data, options)
    },
    remove: (path, version) => tree.remove(path, version),
    children: (path) => tree.children(path),
    watchNode: (path, changed) => tree.watchNode(path, changed),
    watchChildren: (path, changed) => tree.watchChildren(path, changed),
    onState: (changed) => tree.onState(changed),
    close: () => tree.close(),
    [Symbol.asyncDispose]: () => tree.close(),
  }
}
