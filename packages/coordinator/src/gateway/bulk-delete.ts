// POST and PUT /bulk_delete/BUCKET with {"keys":[…]}: answers with the keys that failed, each with its reason.
import { ClusterError, type Shard } from '@backpack/cluster-model'
import type { FastifyPluginCallback, FastifyReply } from 'fastify'
import { z } from 'zod'
import { handleDelete } from '../handle-delete.js'
import { isExpected, logFailure } from '../log-failure.js'
import { requireShard } from './authorize.js'
import { gatewayRefusalOf } from './gateway-answers.js'
import type { GatewayParts } from './gateway-parts.js'
import { isSmallList } from './is-small-list.js'
import { parseJson, readBody } from './read-body.js'

const keysMax = 10_000
/** So many keys of the longest that there are, and room for some escapes. */
const bodyBytesMax = 12 * 1024 * 1024
const deletesAtOnce = 16
/** Requests at once, of this coordinator: a list is held in memory for as long as its deletes take. */
const requestsMax = 8
const reasonsLoggedMax = 3

const bodySchema = z.object({ keys: z.array(z.string()).min(1).max(keysMax) })

export const bulkDelete: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  let underWay = 0
  app.route({
    method: ['POST', 'PUT'],
    url: '/bulk_delete',
    config: { access: 'write' },
    handler: async (request, reply) => {
      const shard = requireShard(request)
      if (request.target.rest !== shard.id) {
        throw new ClusterError(
          'REQUEST_INVALID',
          'The address is /bulk_delete/<bucket>; the keys go in the body',
        )
      }
      if (underWay >= requestsMax) {
        throw new ClusterError('COORDINATOR_BUSY', `${requestsMax} lists of keys are being deleted`)
      }
      underWay++
      try {
        const exchange = { request: request.raw, response: reply.raw }
        const keys = parseKeys(await readBody(parts, exchange, bodyBytesMax))
        request.raw.socket.setTimeout(0)
        return await deleteAll(parts, shard, { keys, gone: goneOf(reply) })
      } finally {
        underWay--
      }
    },
  })
  done()
}

/** Throws REQUEST_INVALID. What cannot be a list of keys is not parsed: that alone can take seconds. */
function parseKeys(body: Buffer): ReadonlySet<string> {
  const parsed = isSmallList(body, keysMax) ? bodySchema.safeParse(parseJson(body)) : undefined
  if (parsed?.success === true) return new Set(parsed.data.keys)
  throw new ClusterError('REQUEST_INVALID', `The body must be {"keys":[…]}, 1 to ${keysMax} of them`)
}

/** By key, why it was not deleted. */
async function deleteAll(
  parts: GatewayParts,
  { id: shardId }: Shard,
  { keys, gone }: { keys: ReadonlySet<string>; gone: AbortSignal },
): Promise<Record<string, string>> {
  const failed = new Map<string, string>()
  const failures: unknown[] = []
  const waiting = keys.values()
  const deleteOne = async () => {
    for (const name of waiting) {
      if (gone.aborted) return
      try {
        const { outcome } = await handleDelete(parts, { shardId, name })
        if (outcome === 'missing') failed.set(name, 'There is no blob of this key')
      } catch (error) {
        const refusal = gatewayRefusalOf(error)
        if (refusal.status >= 500) failures.push(error)
        failed.set(name, refusal.error)
      }
    }
  }
  await Promise.all(Array.from({ length: deletesAtOnce }, deleteOne))
  if (failures.length > 0) logFailures(parts, failures, { shard: shardId, keys: keys.size })
  return Object.fromEntries(failed)
}

/** One line for the whole list; a fault that nobody expects comes before those that are known. */
function logFailures({ log }: GatewayParts, failures: readonly unknown[], list: object): void {
  const first = failures.find((failure) => !isExpected(failure)) ?? failures[0]
  const reasons = [...new Set(failures.map((failure) => gatewayRefusalOf(failure).error))]
  logFailure(
    log,
    first,
    { ...list, failed: failures.length, reasons: reasons.slice(0, reasonsLoggedMax) },
    'keys were not deleted',
  )
}

/** Nobody is told any more: what is not deleted by then stays. */
function goneOf({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  return gone.signal
}
