// `GET /-/cluster`: the model as this coordinator sees it, with what it knows of the nodes and the queue.
import type { ReadParts } from './serve-blob.js'

export async function describeCluster({ watch, health, inFlight, queue }: ReadParts) {
  const { snapshot } = watch
  const figures = await queue.figures()
  return {
    shards: [...snapshot.shards.values()].map(({ nodes, access, ...shard }) => ({
      ...shard,
      // Neither users nor tokens: this is for everybody to read.
      access: typeof access === 'string' ? access : 'acl',
      nodes: nodes.map(({ id }) => id),
      inFlightBytes: inFlight.bytesByShard.get(shard.id) ?? 0,
    })),
    servers: [...snapshot.servers.values()].map((server) => {
      const downSinceMs = health.downSinceMs(server.id)
      return {
        ...server,
        up: downSinceMs === undefined,
        ...(downSinceMs === undefined ? {} : { downSinceMs }),
      }
    }),
    queue: { ...snapshot.queue, figures: figures ?? null },
    daemons: snapshot.daemons,
    problems: snapshot.problems,
  }
}
