// What came of a task. The work loop tells the queue (work/settle-task.ts), a repair counts it.

export type TaskResult =
  /** Nothing is left to do: the task may be closed. */
  | {
      readonly outcome: 'done'
      /** 'copied' and 'deleted' changed the target; 'present' had nothing to change; 'gone': nobody needs it any more. */
      readonly how: 'copied' | 'deleted' | 'present' | 'gone'
      readonly bytes: number
    }
  /** To be tried again; with so many failures it is parked. */
  | { readonly outcome: 'failed'; readonly reason: string; readonly attemptsMax: number }
  /** The target is away or full, and no task for it can go on. */
  | { readonly outcome: 'target-away'; readonly reason: string }
  /** Trying again would not help. */
  | { readonly outcome: 'refused'; readonly reason: string }

export function done(how: 'copied' | 'deleted' | 'present' | 'gone', bytes = 0): TaskResult {
  return { outcome: 'done', how, bytes }
}

export function failed(reason: string, attemptsMax: number): TaskResult {
  return { outcome: 'failed', reason, attemptsMax }
}
