import { ClusterError } from '../../src/errors.js'

/** The ClusterError that the promise rejects with; anything else fails the test. */
export async function thrownBy(promise: Promise<unknown>): Promise<ClusterError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof ClusterError) return error
    throw error
  }
  throw new Error('Nothing was thrown where a ClusterError was expected')
}
