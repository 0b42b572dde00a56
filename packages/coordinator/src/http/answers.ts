// How a refusal is said: a status and {"error","code"} as JSON.
import { endUnread, faultStatuses } from '@backpack/http-rules'
import type { ServerResponse } from 'node:http'
import { withoutSignature } from '../access/without-signature.js'
import { codeOf, detailOf, meaningOf } from '../error-codes.js'
import { logFailure } from '../log-failure.js'
import type { CoordinatorLog } from '../options.js'

/** What the coordinator answers by itself, beside the errors of the cluster: code and status. */
export const answerCatalogue = {
  ...faultStatuses,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  INTERNAL: 500,
} as const

export type AnswerCode = keyof typeof answerCatalogue

export const copiesHeader = 'X-Backpack-Copies'
export const shardHeader = 'X-Backpack-Shard'
export const versionHeader = 'X-Backpack-Version'

/** What a client is told of an error. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly error: string
  readonly headers: Readonly<Record<string, string>>
}

export function refusalOf(thrown: unknown): Refusal {
  const code = codeOf(thrown)
  const { status, retryAfterSeconds } = meaningOf(thrown)
  if (code === undefined)
    return { status, code: 'INTERNAL', error: 'The request failed; see the log', headers: {} }
  const headers: Record<string, string> = {}
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(retryAfterSeconds)
  const copies = detailOf(thrown, 'copies')
  if (typeof copies === 'number') headers[copiesHeader] = String(copies)
  const saidByNode = code === 'NODE_REFUSED' ? detailOf(thrown, 'code') : undefined
  const { message } = thrown as Error
  return { status, code: typeof saidByNode === 'string' ? saidByNode : code, error: message, headers }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  // As text it leaves in one piece with the headers.
  const body = JSON.stringify(value)
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

export function sendCode(response: ServerResponse, code: AnswerCode, error: string): void {
  endUnread(response.req, response)
  sendJson(response, answerCatalogue[code], { error, code })
}

/**
 * Answers with what was thrown, and with `fields` beside it; logs it when it is no fault of the client's. Ends the connection
 * when it is too late.
 */
export function sendThrown(
  response: ServerResponse,
  thrown: unknown,
  log: CoordinatorLog,
  fields: object = {},
): void {
  const request = response.req
  const { status, code, error, headers } = refusalOf(thrown)
  if (status >= 500) {
    const { method, url = '' } = request
    logFailure(log, thrown, { method, target: withoutSignature(url) }, 'request failed')
  }
  if (response.headersSent) {
    response.destroy()
    return
  }
  endUnread(request, response)
  sendJson(response, status, { error, code, ...fields }, headers)
}
