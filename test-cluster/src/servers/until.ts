const lookAgainMs = 10

/** Resolves once `holds` is true; rejects after `limitMs`, with the last error of `holds` as its cause. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 20_000,
): Promise<void> {
  const deadlineMs = Date.now() + limitMs
  let cause: unknown
  while (true) {
    try {
      if (await holds()) return
    } catch (error) {
      cause = error
    }
    if (Date.now() > deadlineMs) throw new Error(`Waited ${limitMs} ms in vain until ${what}`, { cause })
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
  }
}
