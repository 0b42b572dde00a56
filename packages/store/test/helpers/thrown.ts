import { StoreError } from '../../src/index.js'

/** The StoreError that the promise rejects with; anything else fails the test. */
export async function thrownBy(promise: Promise<unknown>): Promise<StoreError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
  throw new Error('Nothing was thrown where a StoreError was expected')
}
