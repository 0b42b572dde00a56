// @ts-check

/** A problem the reader can solve: what is missing, and what to do about it. */
export class SetupError extends Error {
  /** @readonly */
  code = 'SETUP_FAILED'

  /** @type {string} What to do, in one or more lines. */
  advice

  /**
   * @param {string} message
   * @param {string} advice
   * @param {ErrorOptions} [options]
   */
  constructor(message, advice, options) {
    super(message, options)
    this.name = 'SetupError'
    this.advice = advice
  }
}
