import type { SmallGateway } from './small-gateway.js'

/** The names of the blobs of a node, sorted. */
export async function namesIn(gateway: SmallGateway, id: string): Promise<string[]> {
  const names: string[] = []
  for await (const { info } of gateway.node(id).store.scan()) names.push(info.name)
  return names.sort()
}
