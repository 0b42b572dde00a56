// From a blob of a 2013 store to what is to be imported of it, or why it cannot be.
import { StoreError } from '../../errors.js'
import { encodeNewName } from '../../needle/blob-name.js'
import { guessContentType } from '../../http/guess-content-type.js'
import type { ImportFinding, ImportRefusal } from '../import-source.js'
import { showBytes } from '../show-bytes.js'
import type { DataFiles2013 } from './data-files.js'
import { decodeRawName, formatLocation, type Location2013 } from './names-2013.js'

export interface Blob2013 {
  /** The raw request target after its slash. */
  readonly raw: Buffer
  readonly location: Location2013
}

export function originOf({ raw, location }: Blob2013): string {
  return `${showBytes(raw)} (${formatLocation(location)})`
}

export function refuse2013(origin: string, reason: string): ImportRefusal {
  return { kind: 'refusal', origin, outcome: 'failed', reason }
}

/** 2013 stored no content types: they are guessed from the names. */
export function findingOf(blob: Blob2013, files: DataFiles2013): ImportFinding {
  const origin = originOf(blob)
  const name = decodeRawName(blob.raw)
  if (name === undefined) return refuse2013(origin, 'its name does not decode to UTF-8')
  try {
    encodeNewName(name)
  } catch (error) {
    if (error instanceof StoreError) return refuse2013(origin, error.message)
    throw error
  }
  const problem = files.problemOf(blob.location)
  if (problem !== undefined) return refuse2013(origin, problem)
  return {
    kind: 'item',
    origin,
    name,
    sizeBytes: blob.location.lengthBytes,
    contentType: guessContentType(name),
    open: () => files.read(blob.location),
  }
}

/** Of two blobs whose names decode to one only the later can be kept; `laterOrigin` says which that is. */
export function refuseCollision(earlier: Blob2013, laterOrigin: string): ImportRefusal {
  const reason = `its name decodes to the same as that of ${laterOrigin}, which is later and is imported instead`
  return refuse2013(originOf(earlier), reason)
}
