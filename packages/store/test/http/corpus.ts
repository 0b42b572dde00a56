// The corpus of raw requests: what is sent, and which answers both lanes must give. Data only.
import { conditionEntries } from './corpus-conditions.js'
import { framingEntries } from './corpus-framing.js'
import { lengthEntries } from './corpus-lengths.js'
import { nameEntries } from './corpus-names.js'

export interface CorpusEntry {
  readonly title: string
  /** Written chunk by chunk, each delivered before the next; one byte per character. */
  readonly send: string | readonly string[]
  /** Status of every answer, in order. */
  readonly status: readonly number[]
  /** The request is a HEAD: its answers have no body. */
  readonly head?: boolean
  /** The client ends its side behind the last chunk. */
  readonly endsEarly?: boolean
  /** The server must end the connection behind the last answer; else it must serve another request on it. */
  readonly closes?: boolean
  /** Of the last answer; undefined: must be absent. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Of the last answer. */
  readonly body?: string
  /** The code in the last answer's JSON. */
  readonly code?: string
}

export const corpus: readonly CorpusEntry[] = [
  ...nameEntries,
  ...framingEntries,
  ...lengthEntries,
  ...conditionEntries,
]
