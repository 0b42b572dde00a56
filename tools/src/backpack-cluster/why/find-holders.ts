// Which shards have a blob of a name: every node is asked for it.
import {
  HttpNodeClient,
  type NodeClient,
  pathOfName,
  type ServerNode,
  type Shard,
} from '@backpack/cluster-model'
import { orderNodes } from '@backpack/coordinator'
import type { Secret } from '@backpack/signing'

const answerMs = 2_000
const askedMax = 32

export interface NodeAnswer {
  readonly node: string
  readonly url: string
  /** `refused`: the store wants reads to be signed, with this cluster's secret; or it has a problem. */
  readonly state: 'found' | 'missing' | 'deleted' | 'refused' | 'no answer'
  /** Of a refusal. */
  readonly status?: number
  /** What the store says of it: `SIGNATURE_INVALID`. */
  readonly code?: string
  readonly version?: string
  readonly sizeBytes?: number
}

export interface ShardHolders {
  readonly shard: string
  /** In the order in which a coordinator that sees the same nodes up asks them. */
  readonly nodes: readonly NodeAnswer[]
}

export interface HoldersQuestion {
  readonly name: string
  /** Stores may serve nobody without it. */
  readonly clusterSecret: Secret | undefined
  readonly signal: AbortSignal
}

/** All shards, also those that do not have it. */
export async function findHolders(
  shards: Iterable<Shard>,
  { name, clusterSecret, signal }: HoldersQuestion,
): Promise<ShardHolders[]> {
  await using client = new HttpNodeClient({ clusterSecret })
  const all = [...shards]
  const waiting = [...new Map(all.flatMap(({ nodes }) => nodes.map((node) => [node.id, node]))).values()]
  const answers = new Map<string, NodeAnswer>()
  const askOne = async () => {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
      answers.set(node.id, await ask(client, { node, path: pathOfName(name), signal }))
    }
  }
  await Promise.all(Array.from({ length: askedMax }, askOne))
  signal.throwIfAborted()
  const isUp = ({ id }: ServerNode) => answers.get(id)?.state !== 'no answer'
  return all.map(({ id, nodes }) => ({
    shard: id,
    nodes: orderNodes(nodes, name, isUp).flatMap((node) => answers.get(node.id) ?? []),
  }))
}

interface Asked {
  readonly node: ServerNode
  readonly path: string
  readonly signal: AbortSignal
}

interface ClusterErrorLike {
  readonly code?: unknown
  readonly details?: { readonly status?: unknown; readonly code?: unknown }
}

async function ask(client: NodeClient, { node, path, signal }: Asked): Promise<NodeAnswer> {
  const asked = { node: node.id, url: node.url }
  try {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(answerMs)])
    const result = await client.head(node, path, deadline)
    if (result.outcome === 'found') {
      const { sizeBytes, version } = result.blob
      return { ...asked, state: 'found', sizeBytes, version }
    }
    if (result.outcome === 'missing' || result.version === undefined)
      return { ...asked, state: result.outcome }
    return { ...asked, state: result.outcome, version: result.version }
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === undefined) return { ...asked, state: 'no answer' }
    return {
      ...asked,
      state: 'refused',
      ...refusal,
      ...(await codeOfRefusal(client, { node, path, signal })),
    }
  }
}

/** When a node said something else than that it has the blob or not; 503 is such an answer, too. */
function refusalOf(error: unknown): { status?: number; code?: string } | undefined {
  const { code, details } = error as ClusterErrorLike
  if (code !== 'NODE_REFUSED' && details?.status === undefined) return undefined
  return {
    ...(typeof details?.status === 'number' ? { status: details.status } : {}),
    ...(typeof details?.code === 'string' ? { code: details.code } : {}),
  }
}

/** The answer to a HEAD has no words; the same to a GET has. */
async function codeOfRefusal(
  client: NodeClient,
  { node, path, signal }: Asked,
): Promise<{ status?: number; code?: string }> {
  try {
    const result = await client.get(node, path, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]))
    if (result.outcome === 'found') result.body.destroy()
    return {}
  } catch (error) {
    return refusalOf(error) ?? {}
  }
}
