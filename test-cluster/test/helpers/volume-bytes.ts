import type { TestCluster } from '../../src/index.js'

/** Bytes of the volumes of each store, by its id: they grow with every needle that is written, whatever it replaces. */
export async function volumeBytes(cluster: TestCluster): Promise<Map<number, number>> {
  const sizes = new Map<number, number>()
  for (const [id, store] of cluster.stores) {
    const { body } = await cluster.ask(store, { path: '/-/stats' })
    const { volumes } = JSON.parse(body.toString()) as { volumes: { sizeBytes: number }[] }
    sizes.set(
      id,
      volumes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    )
  }
  return sizes
}
