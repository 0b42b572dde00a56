// What a test cluster can be told, and what it does untold.

export interface TestClusterOptions {
  /** Two: the 2013 README's layout (six stores, two copies); three: the talk's (nine stores, three copies). Default: 2. */
  readonly servers?: 2 | 3
  /** Default: one with two servers, one on each of three. */
  readonly zookeepers?: 1 | 3
  /** Of the queue. Default: one on each server. */
  readonly redises?: 1 | 2 | 3
  /** On each server. Default: 1. */
  readonly coordinators?: number
  /** On each server. Default: 1. */
  readonly replicators?: number
  /** Of each shard. Default: 100gb. */
  readonly shardCapacity?: string
  /** For every `backpack serve`, such as ['--reserve-bytes', '0']. */
  readonly storeArguments?: readonly string[]
  /** For every `backpack-coordinator`, behind the four of 2013. */
  readonly coordinatorArguments?: readonly string[]
  /**
   * A gateway on every coordinator, on a free port: the `proxy` section of its configuration with Backrunner's names, such
   * as { headers: { Server: 'x' } }. Paths are absolute. Default: none.
   */
  readonly gateway?: Readonly<Record<string, unknown>> | undefined
  /** For every `backpack-replicator`, behind the two of 2013. */
  readonly replicatorArguments?: readonly string[]
  /** Of all stores, coordinators and replicators, through their environment; 16 bytes at least. Default: none. */
  readonly clusterSecret?: string
  /** For all servers and commands, beside this process's own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** 'none': ZooKeeper, Redis and stores only, and nothing in ZooKeeper. Default: 'enabled'. */
  readonly shards?: 'enabled' | 'read-only' | 'none'
  /** What each server prints goes to a file of its name there, which stays; made when missing. */
  readonly logDirectory?: string
  /** Ends a start that is under way: everything is taken down again, and start() rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Called when a step of the start begins. */
  readonly onStep?: (step: string) => void
}

const countMax = 10

/** Throws TypeError. */
export function resolveOptions(options: TestClusterOptions) {
  const { servers = 2, coordinators = 1, replicators = 1 } = options
  const { zookeepers = servers === 3 ? 3 : 1, redises = servers } = options
  requireOneOf('servers', servers, [2, 3])
  requireOneOf('zookeepers', zookeepers, [1, 3])
  requireOneOf('redises', redises, [1, 2, 3])
  for (const [name, count] of Object.entries({ coordinators, replicators })) {
    if (!Number.isInteger(count) || count < 0 || count > countMax) {
      throw new TypeError(`${name}: ${count} is not a whole number from 0 to ${countMax}`)
    }
  }
  return {
    ...options,
    servers,
    zookeepers,
    redises,
    coordinators,
    replicators,
    shardCapacity: options.shardCapacity ?? '100gb',
    storeArguments: options.storeArguments ?? [],
    coordinatorArguments: options.coordinatorArguments ?? [],
    replicatorArguments: options.replicatorArguments ?? [],
    env: { ...process.env, ...secretOf(options), ...options.env },
    shards: options.shards ?? 'enabled',
    onStep: options.onStep ?? (() => undefined),
  }
}

function secretOf({ clusterSecret }: TestClusterOptions): Record<string, string> {
  return clusterSecret === undefined ? {} : { BACKPACK_CLUSTER_SECRET: clusterSecret }
}

export type ResolvedOptions = ReturnType<typeof resolveOptions>

function requireOneOf(name: string, value: number, allowed: readonly number[]): void {
  if (!allowed.includes(value)) throw new TypeError(`${name}: ${value} is none of ${allowed.join(', ')}`)
}
