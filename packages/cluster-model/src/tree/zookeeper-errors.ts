// What the client's numbers mean. Decided here and nowhere else.
import { ClusterError } from '../errors.js'
import { treeErrors } from './tree-rules.js'

/** How a request ended. 'lost': nobody knows whether it was carried out. */
export type Outcome =
  | 'done'
  | 'missing'
  | 'exists'
  | 'mismatch'
  | 'notEmpty'
  | 'parentEphemeral'
  | 'lost'
  | 'refused'

const outcomeByCode = new Map<number, Outcome>([
  [0, 'done'],
  // Connection loss, not to be marshalled (while it closes), timeout, invalid state, expired, closing, session moved.
  [-4, 'lost'],
  [-5, 'lost'],
  [-7, 'lost'],
  [-9, 'lost'],
  [-112, 'lost'],
  [-116, 'lost'],
  [-118, 'lost'],
  [-101, 'missing'],
  [-103, 'mismatch'],
  [-108, 'parentEphemeral'],
  [-110, 'exists'],
  [-111, 'notEmpty'],
])

export interface Answer<Value> {
  readonly outcome: Outcome
  readonly code: number
  /** There when the outcome is 'done'. */
  readonly value: Value | undefined
}

/** The client gives null, or parts of it, with an answer that is not done. */
export function answerOf<Value>(code: number, value?: Value): Answer<Value> {
  const outcome = outcomeByCode.get(code) ?? 'refused'
  return { outcome, code, value: outcome === 'done' ? value : undefined }
}

/** For answers that are neither done nor lost. `path` is what was asked about. */
export function errorOf({ outcome, code }: Answer<unknown>, path: string): Error {
  switch (outcome) {
    case 'missing':
      return treeErrors.missing(path)
    case 'exists':
      return treeErrors.exists(path)
    case 'mismatch':
      return treeErrors.mismatch(path)
    case 'notEmpty':
      return treeErrors.notEmpty(path)
    case 'parentEphemeral':
      return new TypeError(`The parent of ${path} is ephemeral and has no children`)
    case 'done':
    case 'lost':
    case 'refused':
      return new ClusterError('TREE_AWAY', `ZooKeeper refused a request about ${path} (its code ${code})`, {
        path,
        code,
      })
  }
}
