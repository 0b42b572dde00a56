import type { ZooKeeperEnsemble } from '../servers/zookeeper-ensemble.js'

/** One process of the cluster. */
export interface ClusterMember {
  /** `store 4`, `coordinator 1`, `replicator 2`, `Redis 1`, `ZooKeeper 1`. */
  readonly name: string
  /** A URL, or host:port. */
  readonly address: string
  readonly pid: number
  readonly running: boolean
  /** SIGKILL; resolves once it has ended. */
  kill(): Promise<void>
  /** Starts it with the port and directory it had, killing it first when it runs; resolves once it serves. */
  restart(): Promise<void>
}

/** One server of the ensemble. */
export function zooKeeperMember(ensemble: ZooKeeperEnsemble, id: number): ClusterMember {
  return {
    name: `ZooKeeper ${id}`,
    address: ensemble.addressOf(id),
    get pid() {
      return ensemble.pidOf(id)
    },
    get running() {
      return ensemble.isRunning(id)
    },
    kill: () => ensemble.kill(id),
    restart: () => ensemble.restart(id),
  }
}
