// The queue of a cluster, as an admin reaches it: on Redis directly; inside of an embedded cluster through its coordinator.
import {
  aclFlags,
  type ClusterSnapshot,
  type ClusterWatch,
  openQueue,
  type ParkedTask,
  type QueueFigures,
  type ShardAccess,
  showAddress,
} from '@backpack/cluster-model'
import { CliError } from '@backpack/command-line'
import { signedText, signText } from '@backpack/signing'
import { z } from 'zod'

const answerMs = 5_000
const retryPath = '/-/queue/retry'
/** Of what is signed here: it is sent at once. */
const validSeconds = 60

export interface QueueAccess {
  /** Where the queue is, for people. */
  readonly where: string
  figures(): Promise<QueueFigures>
  parked(limit: number): Promise<readonly ParkedTask[]>
  /** Undefined: all that are parked. Gives how many are due again. */
  retry(ids: readonly string[] | undefined): Promise<number>
  close(): Promise<void>
}

/** Throws CliError when the queue is in a process that cannot be asked. */
export async function openQueueAccess(watch: ClusterWatch): Promise<QueueAccess> {
  const { queue } = watch.snapshot
  if (queue === undefined || queue.servers.length === 0) return askCoordinator(watch.snapshot)
  const opened = openQueue(watch)
  return {
    where: `${queue.key} on ${queue.servers.map(showAddress).join(',')}`,
    figures: () => opened.figures(),
    parked: (limit) => opened.parked(limit),
    retry: (ids) => opened.retry(ids),
    close: () => opened.close(),
  }
}

function askCoordinator({ daemons, adminAccess }: ClusterSnapshot): QueueAccess {
  const url = daemons.find((daemon) => daemon.kind === 'coordinator' && daemon.url !== undefined)?.url
  if (url === undefined) {
    throw new CliError('The queue of this cluster is inside of its process, and that is not running.', {
      advice: 'Start it: npm start. A cluster on several machines has its queue on Redis: queue set',
    })
  }
  const base = url.replace(/\/$/, '')
  return {
    where: `in the coordinator at ${url}`,
    figures: async () => {
      const { queue } = await ask(clusterSchema, `${base}/-/cluster`)
      if (queue.figures === null) throw new CliError(`The coordinator at ${url} has no figures of its queue.`)
      return queue.figures
    },
    parked: async (limit) => {
      const { parked } = await ask(parkedSchema, `${base}/-/queue/parked`)
      return parked.slice(0, limit)
    },
    retry: async (ids) => {
      const body = JSON.stringify(ids === undefined ? {} : { ids })
      const headers = signedAsAdmin(adminAccess, { method: 'POST', path: retryPath })
      const { retried } = await ask(retriedSchema, `${base}${retryPath}`, { body, headers })
      return retried
    },
    close: () => Promise.resolve(),
  }
}

/**
 * What lets a request to a coordinator pass as one of its administrators, by the first of them in the model; nothing where
 * there is none. Whoever reads the model has their tokens.
 */
function signedAsAdmin(
  access: ShardAccess,
  { method, path }: { readonly method: string; readonly path: string },
): Record<string, string> {
  if (typeof access === 'string') return {}
  const admin = [...access.users.values()].find(({ flags }) => (flags & aclFlags.admin) !== 0)
  if (admin === undefined) return {}
  const headers = { 'x-ell-expires': String(Math.floor(Date.now() / 1000) + validSeconds) }
  const signature = signText(admin.token, signedText({ method, path, headers: Object.entries(headers) }))
  // fetch() takes the bytes of UTF-8 as Latin-1.
  const user = Buffer.from(admin.user, 'utf8').toString('latin1')
  return { ...headers, authorization: `Backpack ${user}:${signature}` }
}

const figuresSchema = z.object({
  due: z.number(),
  delayed: z.number(),
  leased: z.number(),
  parked: z.number(),
  total: z.number(),
  oldestAgeMs: z.number(),
  needsRepair: z.record(z.string(), z.number()),
  serversUp: z.number(),
  servers: z.number(),
})
const clusterSchema = z.object({ queue: z.object({ figures: figuresSchema.nullable() }) })
const retriedSchema = z.object({ retried: z.number() })
const taskSchema = z
  .object({
    op: z.enum(['copy', 'delete']),
    shard: z.string().optional(),
    path: z.string(),
    version: z.string().optional(),
    from: z.array(z.string()),
    to: z.string(),
  })
  // Every member is there, if undefined.
  .transform(({ shard, version, ...task }) => ({ ...task, shard, version }))
const parkedSchema = z.object({
  parked: z.array(z.object({ id: z.string(), task: taskSchema, reason: z.string(), parkedAtMs: z.number() })),
})

interface PostedJson {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** GET, or POST; the checked answer. */
async function ask<Schema extends z.ZodType>(
  schema: Schema,
  url: string,
  posted?: PostedJson,
): Promise<z.output<Schema>> {
  try {
    const response = await fetch(url, {
      ...(posted === undefined
        ? {}
        : {
            method: 'POST',
            body: posted.body,
            headers: { 'content-type': 'application/json', ...posted.headers },
          }),
      redirect: 'error',
      signal: AbortSignal.timeout(answerMs),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`it answers ${response.status}: ${text.slice(0, 200)}`)
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    const reason = (cause as Error).cause instanceof Error ? (cause as Error).cause : cause
    throw new CliError(`The coordinator did not answer ${url}: ${(reason as Error).message}`, { cause })
  }
}
