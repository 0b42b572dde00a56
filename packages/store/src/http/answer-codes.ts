// What the daemon answers by itself, beside the errors of the store: code and status.
import type { FastifyReply } from 'fastify'

export const answerCatalogue = {
  BAD_REQUEST: 400,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TOO_SLOW: 408,
  DELETED: 410,
  HEADERS_TOO_LARGE: 431,
  INTERNAL: 500,
  HTTP_VERSION_UNKNOWN: 505,
} as const

export type AnswerCode = keyof typeof answerCatalogue

/** Answers with the JSON that every refusal has. */
export function sendCode(reply: FastifyReply, code: AnswerCode, error: string): FastifyReply {
  return reply.code(answerCatalogue[code]).send({ error, code })
}
