const units = ['tb', 'gb', 'mb', 'kb'] as const
const step = 1024

/** A size as the commands of 2013 wrote it: `0b`, `100gb`, `1.5tb`, at most two decimals; 1gb is 2^30 bytes. */
export function formatSize(sizeBytes: number): string {
  for (const [index, unit] of units.entries()) {
    const unitBytes = step ** (units.length - index)
    if (sizeBytes >= unitBytes) return `${Math.round((sizeBytes / unitBytes) * 100) / 100}${unit}`
  }
  return `${sizeBytes}b`
}
