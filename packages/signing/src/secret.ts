// A token or key that no log, JSON or error message shows: only who asks for it by name gets its text.
import { inspect } from 'node:util'

/** What is shown in place of a secret. */
export const secretMask = '********'

export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself: for computing a signature, and for the place where it is kept. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return secretMask
  }

  toJSON(): string {
    return secretMask
  }

  [inspect.custom](): string {
    return secretMask
  }
}
