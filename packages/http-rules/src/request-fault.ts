// What is wrong with a request before anybody looks at what it asks for: a code, and a sentence for people.
import type { IncomingMessage } from 'node:http'

export const faultStatuses = {
  BAD_REQUEST: 400,
  REQUEST_TOO_SLOW: 408,
  EXPECTATION_UNKNOWN: 417,
  HEADERS_TOO_LARGE: 431,
  HTTP_VERSION_UNKNOWN: 505,
} as const

export type FaultCode = keyof typeof faultStatuses

export interface Fault {
  readonly code: FaultCode
  readonly error: string
}

const tooLarge: Fault = {
  code: 'HEADERS_TOO_LARGE',
  error: 'The request line and headers are too large, or too many',
}

/** As node:http looks for it. */
const continuePattern = /(?:^|\W)100-continue(?:$|\W)/i

/** Whether the client waits for 100 Continue. Older versions know no expectations (RFC 9110, 10.1.1). */
export function expectsContinue({ headers, httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.expect !== undefined
}

/**
 * Of a request that node:http took for one. It drops headers past its maximum in silence: makeServer() tells it one more than
 * `headersCountMax`.
 */
export function faultOfRequest(request: IncomingMessage, headersCountMax: number): Fault | undefined {
  const { headers, rawHeaders, httpVersion, httpVersionMajor } = request
  if (httpVersionMajor !== 1) return { code: 'HTTP_VERSION_UNKNOWN', error: 'HTTP/1.1 is spoken here' }
  if (rawHeaders.length / 2 > headersCountMax) return tooLarge
  if (expectsContinue(request) && !continuePattern.test(headers.expect ?? '')) {
    return { code: 'EXPECTATION_UNKNOWN', error: 'Nothing but 100-continue can be expected here' }
  }
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'host') hosts++
  // Older versions know no Host either.
  const isRight = hosts === 1 || (hosts === 0 && httpVersion !== '1.1')
  return isRight ? undefined : { code: 'BAD_REQUEST', error: 'A request has one Host (RFC 9112, 3.2)' }
}

/** Of what node:http could not read: the error of its `clientError`. Undefined when the connection is what failed. */
export function faultOfError({ code = '' }: NodeJS.ErrnoException): Fault | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return tooLarge
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { code: 'REQUEST_TOO_SLOW', error: 'The headers did not come in time' }
  if (!code.startsWith('HPE_')) return undefined
  const error = 'This is no HTTP request; in a target, anything but ASCII must be percent-encoded'
  return { code: 'BAD_REQUEST', error }
}
