// The port to the replication queue. RedisQueue (N independent servers, every task on all of them) implements it for a
// cluster, LocalQueue (a log file) for one process; both pass test/queue/queue-contract.ts. Delivery is at least
// once: copies are idempotent. A task is never dropped, only closed by complete() or parked.

/** What is to be done at the node `to`. */
export interface Task {
  readonly op: 'copy' | 'delete'
  /** Undefined in tasks of 2013 and those pushed by hand. */
  readonly shard: string | undefined
  /** Request target of the blob on its nodes: `/` and the percent-encoded name. */
  readonly path: string
  /** Sixteen hex digits: the version to be copied or the tombstone's. Undefined: whatever the source has. */
  readonly version: string | undefined
  /** Server ids that may have the blob; for 'delete' not needed. */
  readonly from: readonly string[]
  readonly to: string
}

/** A task in the hands of one replicator until its lease ends. */
export interface Claim {
  readonly task: Task
  /** The member as stored; what the other calls are about. */
  readonly id: string
  /** Failures so far, before this claim. */
  readonly attempts: number
  /** When it was queued, ms since 1970 by the queue's clock. Undefined when unknown. */
  readonly queuedAtMs: number | undefined
}

export interface ParkedTask {
  readonly id: string
  /** Of a member that cannot be read the path is the beginning of its text, and `to` is `?`; it cannot be retried. */
  readonly task: Task
  readonly reason: string
  readonly parkedAtMs: number
}

export interface QueueFigures {
  /** Due now and not leased. */
  readonly due: number
  /** Waiting for their backoff, their server's turn, or a paused target. */
  readonly delayed: number
  readonly leased: number
  readonly parked: number
  /** due + delayed + leased: each task counted once. */
  readonly total: number
  /** Of the oldest task that is not parked; 0 when there is none. */
  readonly oldestAgeMs: number
  /** Nodes for which tasks are no longer kept, since when (ms since 1970): a repair must compare them whole. */
  readonly needsRepair: Readonly<Record<string, number>>
  /** Servers of the queue that answer, and how many there are. Local: 1 of 1. */
  readonly serversUp: number
  readonly servers: number
}

export interface ClaimOptions {
  readonly limit: number
  /** A claim that is neither completed nor renewed this long is due again. */
  readonly leaseMs: number
  /** No tasks for these nodes. */
  readonly exceptTo?: readonly string[]
}

export interface ReplicationQueue extends AsyncDisposable {
  /**
   * Queues tasks; resolves once at least one server has every one of them. One that is queued already stays as it is, one
   * that is parked is due again. A task whose node needs a repair anyway is not kept: that counts as taken. Throws
   * QUEUE_AWAY (nothing may be taken for granted), QUEUE_CLOSED, TASK_INVALID.
   */
  push(tasks: readonly Task[]): Promise<void>

  /** Takes due tasks, none at all when nothing is due; never waits for one. Throws QUEUE_AWAY when no server answers. */
  claim(options: ClaimOptions): Promise<Claim[]>

  /** Prolongs leases that have not been taken over or ended by a pause. */
  renew(ids: readonly string[], leaseMs: number): Promise<void>

  /** Closes tasks everywhere. A server that is away forgets them when their time comes there: they are idempotent. */
  complete(ids: readonly string[]): Promise<void>

  /** One more failure, after the claim's `attempts`: due again after a capped, jittered backoff that grows with them. */
  fail(id: string, attempts: number): Promise<void>

  /**
   * No fault of its tasks: the target is away. Claims leave its tasks alone so long; those that are leased are due again
   * at the end of the pause, with no failure counted. 0 ends a pause.
   */
  pauseTarget(to: string, pauseMs: number): Promise<void>

  /**
   * Notes whether the target answers; 'failing' said again counts from the first time. For one that has failed for hours
   * tasks are no longer kept: it needs a repair. complete() of one of its tasks and beginRepair() also mean that it answers.
   */
  markTarget(to: string, state: 'failing' | 'answering'): Promise<void>

  /** Sets a task aside until somebody retries it. With too many parked already its node needs a repair instead. */
  park(id: string, reason: string): Promise<void>

  parked(limit: number): Promise<ParkedTask[]>

  /** Parked tasks become due now, with their attempts forgotten. Undefined: all. Gives how many. */
  retry(ids?: readonly string[]): Promise<number>

  /** From now on tasks for this node are kept again; gives since when it needed a repair. */
  beginRepair(to: string): Promise<number | undefined>

  /** The node is whole again, unless it came to need a repair anew since beginRepair(). */
  endRepair(to: string): Promise<void>

  figures(): Promise<QueueFigures>

  /** Idempotent; tasks stay where they are. */
  close(): Promise<void>
}
