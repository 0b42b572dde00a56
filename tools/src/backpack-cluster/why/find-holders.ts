// Which shards have a blob of a name: every node is asked for it.
import { pathOfName, type ServerNode, type Shard } from '@backpack/cluster-model'
import { orderNodes } from '@backpack/coordinator'

const answerMs = 2_000
const askedMax = 32

export interface NodeAnswer {
  readonly node: string
  readonly url: string
  /** `refused`: the store serves signed reads only, or has a problem. */
  readonly state: 'found' | 'missing' | 'deleted' | 'refused' | 'no answer'
  readonly version?: string
  readonly sizeBytes?: number
}

export interface ShardHolders {
  readonly shard: string
  /** In the order in which a coordinator that sees the same nodes up asks them. */
  readonly nodes: readonly NodeAnswer[]
}

/** All shards, also those that do not have it. */
export async function findHolders(
  shards: Iterable<Shard>,
  name: string,
  signal: AbortSignal,
): Promise<ShardHolders[]> {
  const all = [...shards]
  const waiting = [...new Map(all.flatMap(({ nodes }) => nodes.map((node) => [node.id, node]))).values()]
  const answers = new Map<string, NodeAnswer>()
  const askOne = async () => {
    for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
      answers.set(node.id, await ask(node, pathOfName(name), signal))
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

async function ask({ id, url }: ServerNode, path: string, signal: AbortSignal): Promise<NodeAnswer> {
  const asked = { node: id, url }
  try {
    const { status, headers } = await fetch(`${url}${path}`, {
      method: 'HEAD',
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    })
    if (status === 404) return { ...asked, state: 'missing' }
    const version = headers.get('x-backpack-version') ?? undefined
    if (status === 410) return { ...asked, state: 'deleted', ...(version === undefined ? {} : { version }) }
    if (status !== 200) return { ...asked, state: 'refused' }
    const sizeBytes = Number(headers.get('content-length') ?? 0)
    return { ...asked, state: 'found', sizeBytes, ...(version === undefined ? {} : { version }) }
  } catch {
    return { ...asked, state: 'no answer' }
  }
}
