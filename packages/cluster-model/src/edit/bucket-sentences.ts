// What edits say about ACLs. None of it shows a token.
import { describeAdminFlags, describeFlags } from '../access-words.js'
import { aclFlags } from '../cluster-snapshot.js'
import type { ShardAclEntry } from '../schema/acl-schemas.js'
import { formatSize } from '../schema/format-size.js'

const usersShownMax = 10

/** `users * (read, unsigned), writer (read, write); at most 1gb and 1000 blobs on each node`. */
export function describeRules({
  acl,
  'max-size': maxSize = 0,
  'max-key-num': maxKeys = 0,
}: ShardAclEntry): string {
  const limits = [...(maxSize > 0 ? [formatSize(maxSize)] : []), ...(maxKeys > 0 ? [`${maxKeys} blobs`] : [])]
  return [
    describeAcl(acl),
    ...(limits.length === 0 ? [] : [`at most ${limits.join(' and ')} on each node`]),
  ].join('; ')
}

/** Administration is never open: without an ACL the gateway does not offer it. */
export function describeAdmin({ acl }: ShardAclEntry): string {
  return acl.length === 0
    ? 'nobody through the gateway, for there is no ACL'
    : describeUsers(acl, describeAdminFlags)
}

function describeAcl(acl: ShardAclEntry['acl']): string {
  return acl.length === 0 ? 'open to everybody, for there is no ACL' : describeUsers(acl, describeFlags)
}

function describeUsers(acl: ShardAclEntry['acl'], wordsOf: (flags: number) => string): string {
  const shown = acl.slice(0, usersShownMax).map(({ user, flags }) => `${user} (${wordsOf(flags)})`)
  const more = acl.length > shown.length ? ` and ${acl.length - shown.length} more` : ''
  return `users ${shown.join(', ')}${more}`
}

/** What is allowed in a bucket's ACL, and yet seldom meant. `noun`: `bucket 1`. */
export function warnOfRules(noun: string, { acl }: ShardAclEntry): string[] {
  return acl.flatMap(({ user, flags }) => {
    const warnings: string[] = []
    if (has(flags, 'write') && has(flags, 'unsigned')) {
      const may = describeFlags(flags & ~aclFlags.unsigned)
      warnings.push(`${whoever(user)} may ${may} in ${noun} without a signature`)
    }
    if (has(flags, 'admin')) {
      const flag = `Flag ${aclFlags.admin} of user ${user}`
      warnings.push(`${flag} means nothing in ${noun}: only the admin list is looked at for it`)
    }
    return warnings
  })
}

/** As warnOfRules(), of the admin ACL, where nothing but its own flag lets in. */
export function warnOfAdmin({ acl }: ShardAclEntry): string[] {
  const admins = acl.filter(({ flags }) => has(flags, 'admin'))
  if (acl.length > 0 && admins.length === 0) {
    return [`No user of the admin ACL has flag ${aclFlags.admin}: nobody may administer`]
  }
  return admins
    .filter(({ flags }) => has(flags, 'unsigned'))
    .map(({ user }) => `${whoever(user)} may administer without a signature`)
}

function has(flags: number, flag: keyof typeof aclFlags): boolean {
  return (flags & aclFlags[flag]) !== 0
}

function whoever(user: string): string {
  return user === '*' ? 'Everybody' : `Whoever calls himself ${user}`
}

/** Whether the same users with the same tokens and flags, and the same limits, are meant. */
export function sameRules(one: ShardAclEntry, other: ShardAclEntry): boolean {
  return comparable(one) === comparable(other)
}

/** Holds the tokens: for comparing only. */
function comparable({ acl, flags = 0, ...limits }: ShardAclEntry): string {
  const entries = acl.map(({ user, token, flags: own }) => [user, token.reveal(), own])
  return JSON.stringify([entries, flags, limits['max-size'] ?? 0, limits['max-key-num'] ?? 0])
}
