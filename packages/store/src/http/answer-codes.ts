// What the daemon answers by itself, beside the errors of the store: code and status.
import { faultStatuses } from '@backpack/http-rules'
import type { FastifyReply } from 'fastify'
import { meaningOf, StoreError } from '../errors.js'

export const answerCatalogue = {
  ...faultStatuses,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  DELETED: 410,
  INTERNAL: 500,
} as const

export type AnswerCode = keyof typeof answerCatalogue

/** Answers with the JSON that every refusal has. */
export function sendCode(reply: FastifyReply, code: AnswerCode, error: string): FastifyReply {
  return reply.code(answerCatalogue[code]).send({ error, code })
}

/** What a client is told of an error. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly error: string
  readonly retryAfterSeconds: number | undefined
  /** The present version, when that is the reason. */
  readonly version: bigint | undefined
}

/** `statusOf` tells the status of an error that is not the store's; its text is only shown below 500. */
export function refusalOf(error: Error, statusOf: (error: Error) => number = () => 500): Refusal {
  if (error instanceof StoreError) {
    const { status, retryAfterSeconds } = meaningOf(error)
    const { version } = error.details
    const known = typeof version === 'bigint' ? version : undefined
    return { status, code: error.code, error: error.message, retryAfterSeconds, version: known }
  }
  const status = statusOf(error)
  const about =
    status < 500
      ? { code: 'BAD_REQUEST', error: error.message }
      : { code: 'INTERNAL', error: 'The request failed; see the log' }
  return { status, ...about, retryAfterSeconds: undefined, version: undefined }
}
