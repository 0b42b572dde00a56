// What an edit would do, before anything is done: a pure function of the model makes it, or refuses.
import { ClusterError } from '../errors.js'
import { idSchema } from '../schema/znode-schemas.js'

export interface EditPlan {
  /**
   * In an order in which a kill between two of them leaves a valid model; the last one makes the edit true, so that planning
   * again after some of them gives the rest. Empty: nothing to change.
   */
  readonly writes: readonly PlannedWrite[]
  /** What is true afterwards, in sentences. */
  readonly done: readonly string[]
  /** What the admin should know although it is allowed. */
  readonly warnings: readonly string[]
}

export interface PlannedWrite {
  readonly path: string
  readonly data: Buffer
}

/** The reasons are sentences without a full stop; all of them are said at once. */
export function refuse(...reasons: readonly string[]): never {
  throw new ClusterError('EDIT_REFUSED', reasons.join('\n'), { reasons })
}

export function requireId(noun: 'server' | 'shard', id: string): void {
  if (idSchema.safeParse(id).success) return
  refuse(`${JSON.stringify(id)} is no id of a ${noun}: 1 to 32 letters, digits, - or _`)
}

/** `1,2,3`, or `(none)`. */
export function listIds(ids: Iterable<string>): string {
  const text = [...ids].join(',')
  return text === '' ? '(none)' : text
}
