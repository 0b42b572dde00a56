import { ClusterError } from '@backpack/cluster-model'

/** The ClusterError that the work throws; anything else fails the test. */
export async function thrownBy(work: () => Promise<unknown>): Promise<ClusterError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof ClusterError) return error
    throw error
  }
  throw new Error('Nothing was thrown where a ClusterError was expected')
}
