// An ACL's flags in words, for people.
import { aclFlags } from './cluster-snapshot.js'

/** Of a bucket's list: `read`, `read, write`, `read, write, unsigned`. Whoever is listed may read. */
export function describeFlags(flags: number): string {
  const words = ['read']
  if ((flags & aclFlags.write) !== 0) words.push('write')
  if ((flags & aclFlags.unsigned) !== 0) words.push('unsigned')
  return words.join(', ')
}

/** Of the admin list, where one flag alone lets in: `admin`, `admin, unsigned`, `nothing`. */
export function describeAdminFlags(flags: number): string {
  if ((flags & aclFlags.admin) === 0) return 'nothing'
  return (flags & aclFlags.unsigned) === 0 ? 'admin' : 'admin, unsigned'
}
