/** Waits for all, whatever becomes of each, so that nothing goes on behind the caller's back; then throws the first failure. */
export async function allSettled(works: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
