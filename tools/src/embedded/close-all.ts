/** Closes in the reverse order of opening, all of them, also when one fails; then throws the first failure. */
export async function closeAll(closers: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: Error[] = []
  for (const close of closers.toReversed()) {
    try {
      await close()
    } catch (error) {
      failures.push(error as Error)
    }
  }
  const [first] = failures
  if (first !== undefined) throw first
}
