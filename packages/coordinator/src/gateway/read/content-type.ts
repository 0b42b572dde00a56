// The type that a read is answered with: by the configured suffixes, as stored, by the extension, by the first bytes.
import { fileTypeFromBuffer } from 'file-type'
import { lookup } from 'mime-types'
import { posix } from 'node:path'

export const unknownType = 'application/octet-stream'

/** As many first bytes as may say what a blob is. */
export const sampleBytesMax = 4_100

export interface TypedSuffix {
  readonly suffix: string
  readonly type: string
}

/** Undefined when only the first bytes can tell. `suffixes` longest first; `storedType` as a store sends it. */
export function namedType(
  key: string,
  storedType: string | undefined,
  suffixes: readonly TypedSuffix[],
): string | undefined {
  for (const { suffix, type } of suffixes) if (key.endsWith(suffix)) return type
  // What a store says of a blob without a type; whoever uploaded it knew no better either.
  if (storedType !== undefined && storedType !== unknownType) return storedType
  const extension = posix.extname(key)
  const guess = extension !== '' && lookup(extension)
  return guess === false || guess === unknownType ? undefined : guess
}

const harmlessKinds = /^(?:image|audio|video|font)\/(?!.*xml)/
const harmlessTypes: ReadonlySet<string> = new Set([
  'application/gzip',
  'application/pdf',
  'application/x-7z-compressed',
  'application/x-bzip2',
  'application/x-rar-compressed',
  'application/x-tar',
  'application/x-xz',
  'application/zip',
  'application/zstd',
])

/**
 * What the first bytes of a blob say, `unknownType` when they say nothing. Never what a browser would run: no markup, no
 * script and no program, for bytes may have been made to look like one.
 */
export async function sniffedType(firstBytes: Uint8Array): Promise<string> {
  try {
    const found = await fileTypeFromBuffer(firstBytes.subarray(0, sampleBytesMax))
    const type = found?.mime
    return type !== undefined && (harmlessKinds.test(type) || harmlessTypes.has(type)) ? type : unknownType
  } catch {
    // A file that is broken or cut short says nothing.
    return unknownType
  }
}
