// An ACL's flags in words, for people.
import { aclFlags } from './cluster-snapshot.js'

/** `read`, `read, write`, `read, write, unsigned`: whoever is listed may read. */
export function describeFlags(flags: number): string {
  const words = ['read']
  if ((flags & aclFlags.write) !== 0) words.push('write')
  if ((flags & aclFlags.admin) !== 0) words.push('admin')
  if ((flags & aclFlags.unsigned) !== 0) words.push('unsigned')
  return words.join(', ')
}
