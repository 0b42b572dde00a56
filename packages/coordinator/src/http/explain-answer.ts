// `X-Backpack-Explain: 1`: the answer to an upload says how its shard was chosen, an error too.
import type { IncomingMessage } from 'node:http'
import type { ChoiceExplanation } from '../explain-choice.js'
import { reasonsOf } from '../nothing-fits.js'

export interface RecordedChoice {
  /** For the upload; undefined when nobody wants to know. */
  readonly onChoice: ((explanation: ChoiceExplanation) => void) | undefined
  /** What the JSON of the answer gains: `explain`, or nothing. Of several choices the last one. */
  fields(): { readonly explain?: ChoiceExplanation }
}

export function recordChoice(headers: IncomingMessage['headers']): RecordedChoice {
  let last: ChoiceExplanation | undefined
  const wanted = headers['x-backpack-explain'] === '1'
  return {
    onChoice: wanted ? (explanation) => (last = explanation) : undefined,
    fields: () => (last === undefined ? {} : { explain: last }),
  }
}

/** `reasons`, a sentence for each shard by its id, of an error that says that none fits. */
export function reasonFields(error: unknown): { readonly reasons?: Readonly<Record<string, string>> } {
  const reasons = reasonsOf(error)
  return reasons === undefined || Object.keys(reasons).length === 0 ? {} : { reasons }
}
