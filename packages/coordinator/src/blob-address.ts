// Names and addresses as clients give them. A photo's address is `<shard>:<name>`, split at the first colon.
import { ClusterError } from '@backpack/cluster-model'

const nameBytesMax = 1024
const controlCharacter = /[\u0000-\u001f\u007f]/

export interface BlobAddress {
  readonly shardId: string
  readonly name: string
}

/** As a store would: 1 to 1,024 bytes of well-formed UTF-8 without control characters. Throws NAME_INVALID, NAME_TOO_LONG. */
export function checkName(name: string): void {
  if (name === '') throw new ClusterError('NAME_INVALID', 'A name must have at least one byte')
  if (!name.isWellFormed()) throw new ClusterError('NAME_INVALID', 'A name must be well-formed Unicode')
  if (controlCharacter.test(name)) {
    throw new ClusterError('NAME_INVALID', 'A name must hold no control characters')
  }
  if (name === 'stats' || name.startsWith('-/')) {
    throw new ClusterError('NAME_RESERVED', 'The names "stats" and "-/…" are the stores\' own')
  }
  if (name.length > nameBytesMax || Buffer.byteLength(name) > nameBytesMax) {
    throw new ClusterError('NAME_TOO_LONG', `A name may have ${nameBytesMax} bytes`)
  }
}

/** The name that a request target asks for: everything after its slash, query included. Throws as checkName(). */
export function nameOfTarget(target: string): string {
  const name = decodeTarget(target)
  checkName(name)
  return name
}

/** The address that a request target asks for. Throws ADDRESS_INVALID without a colon, else as checkName(). */
export function addressOfTarget(target: string): BlobAddress {
  const address = decodeTarget(target)
  const colon = address.indexOf(':')
  if (colon < 1) throw new ClusterError('ADDRESS_INVALID', 'The address of a photo is /<shard>:<name>')
  const name = address.slice(colon + 1)
  checkName(name)
  return { shardId: address.slice(0, colon), name }
}

/** Everything after the slash, percent-decoded once. Throws NAME_INVALID. */
export function decodeTarget(target: string): string {
  if (!target.startsWith('/')) {
    throw new ClusterError('NAME_INVALID', 'The request target must begin with a slash')
  }
  const text = target.slice(1)
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new ClusterError('NAME_INVALID', 'The name is not valid percent-encoded UTF-8', { cause })
  }
}
