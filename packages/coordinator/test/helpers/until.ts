/** Resolves once `holds` is true; rejects after `limitMs`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 20_000,
): Promise<void> {
  const deadlineMs = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(`Waited ${limitMs} ms in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
