// In which order the nodes of a shard are asked for a name: the same node first for the same name, on every
// coordinator, so that overwrites of a name meet at one node; over many names all nodes equally often.
import type { ServerNode } from '@backpack/cluster-model'

/**
 * Rendezvous hashing of the name over the nodes' ids, nodes that are up before those that are down. The hash must never
 * change: coordinators of two versions would send one name to two nodes.
 */
export function orderNodes(
  nodes: readonly ServerNode[],
  name: string,
  isUp: (node: ServerNode) => boolean,
): ServerNode[] {
  const nameHash = hashText(name)
  return nodes
    .map((node) => ({ node, up: isUp(node), rank: mix(nameHash ^ hashText(node.id)) }))
    .sort((a, b) => Number(b.up) - Number(a.up) || b.rank - a.rank)
    .map(({ node }) => node)
}

/** FNV-1a, 32 bits, over UTF-16 code units, mixed at the end. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return mix(hash)
}

/** The finalizer of MurmurHash3 (public domain, by Austin Appleby). */
function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
