// The last requests that went wrong, for /proxy_stat: bounded in number and in the length of each, and without signatures.
import { withoutSignature } from '../access/without-signature.js'

const errorsMax = 128
const urlCharactersMax = 2_048
const errorCharactersMax = 1_024

/** A request that was answered with an error. */
export interface FailedRequest {
  readonly method: string
  /** Of the client, as the socket says it. */
  readonly remoteAddress: string
  /** The request target as it came. */
  readonly url: string
  /** What the client was told. */
  readonly error: string
  readonly status: number
}

/** As Backrunner shows it. Tsec and Tnsec: the time as unix seconds and nanoseconds. */
export interface RecentError {
  readonly Tsec: number
  readonly Tnsec: number
  readonly Time: string
  readonly Method: string
  readonly RemoteAddr: string
  readonly URL: string
  readonly Error: string
  readonly Status: number
}

export class RecentErrors {
  readonly #errors: RecentError[] = []

  add({ method, remoteAddress, url, error, status }: FailedRequest, nowMs = Date.now()): void {
    if (this.#errors.length === errorsMax) this.#errors.shift()
    this.#errors.push({
      Tsec: Math.floor(nowMs / 1000),
      Tnsec: (nowMs % 1000) * 1_000_000,
      Time: new Date(nowMs).toISOString(),
      Method: method,
      RemoteAddr: remoteAddress,
      URL: withoutSignature(url.slice(0, urlCharactersMax)),
      Error: error.slice(0, errorCharactersMax),
      Status: status,
    })
  }

  /** The oldest first. */
  describe(): readonly RecentError[] {
    return [...this.#errors]
  }
}
