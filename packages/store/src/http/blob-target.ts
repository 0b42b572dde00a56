// From a request target to a blob's name: everything after the first slash, percent-decoded once, query included.
import { StoreError } from '../errors.js'
import { nameBytesMax } from '../needle/blob-name.js'

/** Targets the daemon answers itself. */
export function isReservedTarget(target: string): boolean {
  return target === '/stats' || target.startsWith('/-/') || target.startsWith('/stats?')
}

/** Throws NAME_INVALID for a target that is no path or not valid percent-encoded UTF-8, NAME_TOO_LONG. */
export function decodeTarget(target: string): string {
  if (!target.startsWith('/'))
    throw new StoreError('NAME_INVALID', 'The request target must begin with a slash')
  if (target.length > nameBytesMax * 3 + 1) {
    throw new StoreError('NAME_TOO_LONG', `A name may have ${nameBytesMax} bytes`)
  }
  try {
    return decodeURIComponent(target.slice(1))
  } catch (cause) {
    throw new StoreError('NAME_INVALID', 'The name is not valid percent-encoded UTF-8', { cause })
  }
}
