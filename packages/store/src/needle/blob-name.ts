// What a name may be. Names are opaque bytes to the store: never a path on disk.
import { StoreError } from '../errors.js'

export const nameBytesMax = 1024

const controlCharacter = /[\u0000-\u001f\u007f]/

/**
 * The UTF-8 bytes of a valid name: 1..1,024 bytes, well-formed, no control characters.
 * Throws NAME_INVALID or NAME_TOO_LONG.
 */
export function encodeName(name: string): Buffer {
  if (name === '') throw new StoreError('NAME_INVALID', 'A name must have at least one byte')
  if (!name.isWellFormed()) throw new StoreError('NAME_INVALID', 'A name must be well-formed Unicode')
  if (controlCharacter.test(name))
    throw new StoreError('NAME_INVALID', 'A name must hold no control characters')
  const bytes = Buffer.from(name, 'utf8')
  if (bytes.length > nameBytesMax) {
    throw new StoreError(
      'NAME_TOO_LONG',
      `A name may have ${nameBytesMax} bytes, this one has ${bytes.length}`,
    )
  }
  return bytes
}

/** Whether the HTTP API keeps this name for itself: `stats` and everything below `-/`. */
export function isReservedName(name: string): boolean {
  return name === 'stats' || name.startsWith('-/')
}

/** As encodeName, for names about to be written; also throws NAME_RESERVED. */
export function encodeNewName(name: string): Buffer {
  if (isReservedName(name)) {
    throw new StoreError(
      'NAME_RESERVED',
      `The name ${JSON.stringify(name)} is reserved: "stats" and "-/…" are the store's own`,
    )
  }
  return encodeName(name)
}
