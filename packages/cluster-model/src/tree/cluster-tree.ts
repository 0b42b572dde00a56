// The port to where the cluster's model lives: a small tree of nodes with versions, watched. ZooKeeper implements it for
// a cluster, a file for one machine; both pass test/tree/tree-contract.ts. Paths are absolute within the cluster's root
// (`/servers-map`), without a trailing slash; the root itself exists once a tree is open.

export interface TreeNode {
  /** At most 1 MB. */
  readonly data: Buffer
  /** 0 when created; grows by one with each set(). */
  readonly version: number
  /** Of an ephemeral node: 'own' when this tree made it and it is certain to stay while the tree is connected. */
  readonly ephemeral?: 'own' | 'foreign'
}

export type TreeState = 'connected' | 'away' | 'closed'

export interface ClusterTree extends AsyncDisposable {
  /** 'away' from when the link is lost until it is back, be it with a new session. */
  readonly state: TreeState

  /**
   * Undefined when there is no such node. Every operation throws TREE_AWAY within its deadline of 5 s, sooner while the link is
   * known to be lost; then a change may have been made or not, but an ephemeral node will not stay. TREE_CLOSED after close();
   * TypeError for what is no path, or a child of an ephemeral node; TREE_DAMAGED when the tree's file cannot be understood.
   */
  get(path: string): Promise<TreeNode | undefined>

  /**
   * Compare-and-set: throws VERSION_MISMATCH when the node's version is another, NODE_MISSING, NODE_TOO_LARGE. Gives the new
   * version. When the link is lost on the way and the next version has this very data, that counts as this set: data that
   * others may write as well, such as a counter's, has to say who wrote it.
   */
  set(path: string, data: Buffer, version: number): Promise<number>

  /** An ephemeral node goes when this tree is closed or its process dies. Throws NODE_EXISTS, NODE_TOO_LARGE; NODE_MISSING without a parent. */
  create(path: string, data: Buffer, options?: { readonly ephemeral?: boolean }): Promise<void>

  /** Throws VERSION_MISMATCH, NODE_MISSING, NODE_NOT_EMPTY. */
  remove(path: string, version?: number): Promise<void>

  /** Names, without the path, sorted; undefined when there is no such node. */
  children(path: string): Promise<string[] | undefined>

  /**
   * Calls `changed` soon after the node is created, set or removed, and after every reconnection, when changes may have
   * been missed: read again, whatever it was. May be called once too often, never not at all. Gives the way to stop it.
   */
  watchNode(path: string, changed: () => void): () => void

  /** As watchNode(), for children created or removed. */
  watchChildren(path: string, changed: () => void): () => void

  /** Calls `changed` when the state becomes another. After 'connected' ephemeral nodes of before may be gone. */
  onState(changed: (state: TreeState) => void): () => void

  /** Removes the ephemeral nodes of this tree. Idempotent. */
  close(): Promise<void>
}
