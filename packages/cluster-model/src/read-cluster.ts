import type { ClusterSnapshot } from './cluster-snapshot.js'
import { ClusterError } from './errors.js'
import type { ClusterTree } from './tree/cluster-tree.js'
import { watchCluster } from './watch-cluster.js'
import { treePaths } from './znode-paths.js'

/** The model as it is now. Throws MODEL_MISSING before it was initialised, TREE_AWAY, TREE_CLOSED. */
export async function readCluster(tree: ClusterTree): Promise<ClusterSnapshot> {
  for (const path of [treePaths.serversMap, treePaths.shardsMap]) {
    if ((await tree.get(path)) !== undefined) continue
    throw new ClusterError('MODEL_MISSING', `The cluster is not initialised: there is no ${path}`, { path })
  }
  const watch = await watchCluster(tree)
  try {
    return watch.snapshot
  } finally {
    watch.close()
  }
}
