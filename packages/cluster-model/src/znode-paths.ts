// Where things stand in the tree, below the cluster's root. The first four are of 2013.

export const treePaths = {
  serversMap: '/servers-map',
  shardsMap: '/shards-map',
  queue: '/queue',
  shardSize: (shardId: string) => `/shard-size-${shardId}`,
  /** Who may use a shard, and its limits; none means everybody. */
  shardAcl: (shardId: string) => `/shard-acl-${shardId}`,
  /** Who may administer. */
  adminAcl: '/admin-acl',
  /** One ephemeral child per running daemon. */
  daemons: '/daemons',
  /** Ephemeral: held while the model is edited. */
  editLock: '/edit-lock',
  /** Ephemeral: held by the coordinator that publishes the shards' sizes. */
  sizeTurn: '/size-turn',
  /** One ephemeral child per shard under repair. */
  repairs: '/repairs',
} as const
