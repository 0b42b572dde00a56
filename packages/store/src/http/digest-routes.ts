// Digests for the other nodes of the shard: NDJSON, in the order of buckets, or of one stretch of buckets every needle.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { StoreError } from '../errors.js'
import type { Store } from '../store.js'
import { pacedStream } from './paced-stream.js'
import { withHeartbeat } from './with-heartbeat.js'

const linesBytes = 16 * 1024
const partsMax = 65_536

const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number)

const digestQuery = z.strictObject({
  /** ms since 1970 */
  before: wholeNumber,
})

const listQuery = digestQuery
  .extend({
    to: z.string().optional(),
    part: wholeNumber.optional(),
    parts: wholeNumber.pipe(z.int().min(1).max(partsMax)).optional(),
  })
  .refine(({ part = 0, parts = 1 }) => part < parts, 'part must be less than parts')

export function registerDigestRoutes(app: FastifyInstance, { store }: { store: Store }): void {
  app.get('/-/digest', (request, reply) => {
    const { before } = parsed(digestQuery, request)
    return sendLines(reply, (signal) => linesOfBuckets(store.digest({ beforeMs: before, signal })))
  })

  app.get('/-/digest/:bucket', (request: FastifyRequest<{ Params: { bucket: string } }>, reply) => {
    const { before, ...range } = parsed(listQuery, request)
    const { bucket } = request.params
    return sendLines(reply, (signal) =>
      linesOfPages(store.digestBucket({ ...range, bucket, beforeMs: before, signal })),
    )
  })
}

/** Throws INVALID_OPTIONS with every problem. */
function parsed<Schema extends z.ZodType>(schema: Schema, { query }: FastifyRequest): z.output<Schema> {
  const result = schema.safeParse(query)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'query'}: ${message}`)
  throw new StoreError('INVALID_OPTIONS', `This digest cannot be made: ${problems.join('; ')}`)
}

/** What fails before the first line is answered as a refusal; later the connection ends without the last chunk. */
async function sendLines(
  reply: FastifyReply,
  make: (signal: AbortSignal) => AsyncGenerator<Buffer, void, undefined>,
): Promise<FastifyReply> {
  const lines = withHeartbeat(make)
  const first = await lines.next()
  reply.header('Content-Type', 'application/x-ndjson')
  if (first.done === true) return reply.send(Buffer.alloc(0))
  return reply.send(pacedStream(first, lines, reply.raw))
}

async function* linesOfBuckets(
  buckets: AsyncGenerator<unknown, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  let lines = ''
  for await (const bucket of buckets) {
    lines += `${JSON.stringify(bucket)}\n`
    if (lines.length < linesBytes) continue
    yield Buffer.from(lines)
    lines = ''
  }
  if (lines !== '') yield Buffer.from(lines)
}

async function* linesOfPages(
  pages: AsyncGenerator<readonly unknown[], void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const page of pages) {
    yield Buffer.from(page.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  }
}
