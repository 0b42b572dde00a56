/** What a coordinator serves beside the API of 2013: a listener of its own. */
export interface Gateway {
  /** `gateway 1`, after its coordinator. */
  readonly name: string
  readonly port: number
  /** Without a trailing slash. */
  readonly url: string
  /** JSON; it is read again by the coordinator when it changes. */
  readonly configPath: string
}
