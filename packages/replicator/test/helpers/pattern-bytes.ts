/** Bytes that differ from place to place, and between two starts. */
export function patternBytes(sizeBytes: number, start = 0): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  for (let at = 0; at < sizeBytes; at++) bytes[at] = ((at + start) * 7 + ((at + start) >> 8)) % 251
  return bytes
}
