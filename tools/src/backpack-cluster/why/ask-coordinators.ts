// Asks coordinators how they would choose a shard now. Each measures by itself, so that each may say something else.
import { z } from 'zod'

const answerMs = 3_000

const nodeSchema = z.object({
  node: z.string(),
  up: z.boolean(),
  usPerByte: z.number().nullable(),
  confidence: z.number(),
  usedBytes: z.number().nullable(),
  availableBytes: z.number().nullable(),
  blobs: z.number().nullable(),
})

const factorsSchema = z.object({
  free: z.number(),
  spacePain: z.number(),
  writePain: z.number(),
  awayPain: z.number(),
  unknownPain: z.number(),
  imbalancePain: z.number(),
})

const shardSchema = z.object({
  shard: z.string(),
  probability: z.number(),
  excluded: z.string().optional(),
  reason: z.string().optional(),
  pain: z.number().optional(),
  weight: z.number().optional(),
  softlyFull: z.boolean().optional(),
  factors: factorsSchema.optional(),
  nodes: z.array(nodeSchema).default([]),
})

const explanationSchema = z.object({
  sizeBytes: z.number(),
  among: z.string(),
  freeSpaceLimits: z.object({ soft: z.number(), hard: z.number() }),
  usualUsPerByte: z.number(),
  shards: z.array(shardSchema),
})

export type ShardExplanation = z.output<typeof shardSchema>
export type Explanation = z.output<typeof explanationSchema>

/** By its address, what a coordinator answers; `error` says why it does not. */
export type CoordinatorAnswer =
  | { readonly coordinator: string; readonly explanation: Explanation }
  | { readonly coordinator: string; readonly error: string }

/** All at once, each with its own deadline. */
export function askCoordinators(
  urls: readonly string[],
  { sizeBytes, signal }: { sizeBytes: number; signal: AbortSignal },
): Promise<CoordinatorAnswer[]> {
  return Promise.all(urls.map((url) => askOne(url, { sizeBytes, signal })))
}

async function askOne(
  coordinator: string,
  { sizeBytes, signal }: { sizeBytes: number; signal: AbortSignal },
): Promise<CoordinatorAnswer> {
  try {
    const response = await fetch(`${coordinator}/-/explain?size=${sizeBytes}`, {
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      return { coordinator, error: `it answers ${response.status}; is it older than this command?` }
    }
    const parsed = explanationSchema.safeParse(await response.json())
    if (!parsed.success) return { coordinator, error: 'it answers something else' }
    return { coordinator, explanation: parsed.data }
  } catch {
    signal.throwIfAborted()
    return { coordinator, error: `it does not answer within ${answerMs / 1000} s` }
  }
}
