// Where a blob's name puts it below a directory. Pure. Names are opaque: some would lead out of the directory, or are
// no path at all; those get a path of their own that is made from a hash.
import { createHash } from 'node:crypto'

/** What export keeps for itself in its target. */
export const ownFolder = '.backpack-export'
const segmentBytesMax = 255

export type ExportPath =
  | { readonly segments: readonly string[]; readonly problem: undefined }
  /** `problem` says why the name cannot be the path. */
  | { readonly segments: undefined; readonly problem: string }

export function exportPathOf(name: string): ExportPath {
  const segments = name.split('/')
  const problem = problemOf(segments)
  return problem === undefined ? { segments, problem } : { segments: undefined, problem }
}

function problemOf(segments: readonly string[]): string | undefined {
  if (segments[0] === ownFolder) return `${ownFolder} is the folder of the export itself`
  if (segments.includes('')) return 'it has an empty path segment'
  if (segments.includes('.') || segments.includes('..')) return 'it has a path segment . or ..'
  if (segments.some((segment) => Buffer.byteLength(segment) > segmentBytesMax)) {
    return `it has a path segment of more than ${segmentBytesMax} bytes`
  }
  return undefined
}

/** The path for a name that cannot be one: the same in every run. */
export function escapedSegments(name: string): string[] {
  return [ownFolder, 'escaped', createHash('sha256').update(name).digest('hex')]
}
