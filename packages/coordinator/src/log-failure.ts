// What the log tells of requests that fail with 5xx. Anybody can bring about the refusals that are part of the service:
// a line each, without a stack. What has none of these codes is a fault to be looked for.
import type { ClusterErrorCode } from '@backpack/cluster-model'
import { codeOf } from './error-codes.js'
import type { CoordinatorLog } from './options.js'

const expected: Readonly<Partial<Record<ClusterErrorCode, 'info' | 'warn'>>> = {
  NOT_CONFIGURED: 'info',
  COORDINATOR_BUSY: 'info',
  COORDINATOR_CLOSED: 'info',
  SHARD_FULL: 'warn',
  OUT_OF_SPACE: 'warn',
  NOTHING_FITS: 'warn',
  NO_WRITABLE_SHARD: 'warn',
  NODE_AWAY: 'warn',
  NODES_AWAY: 'warn',
  NO_NODE_TOOK_IT: 'warn',
  COPIES_MISSING: 'warn',
  QUEUE_AWAY: 'warn',
}

export function isExpected(thrown: unknown): boolean {
  const code = codeOf(thrown)
  return code !== undefined && expected[code] !== undefined
}

export function logFailure(log: CoordinatorLog, thrown: unknown, details: object, message: string): void {
  const code = codeOf(thrown)
  const level = code === undefined ? undefined : expected[code]
  if (level === undefined) log.error({ err: thrown, ...details }, message)
  else log[level]({ code, error: (thrown as Error).message, ...details }, message)
}
