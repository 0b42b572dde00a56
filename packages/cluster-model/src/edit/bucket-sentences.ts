// What edits say about ACLs. None of it shows a token.
import { describeFlags } from '../access-words.js'
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
  return acl.length === 0 ? 'nobody through the gateway, for there is no ACL' : describeUsers(acl)
}

function describeAcl(acl: ShardAclEntry['acl']): string {
  return acl.length === 0 ? 'open to everybody, for there is no ACL' : describeUsers(acl)
}

function describeUsers(acl: ShardAclEntry['acl']): string {
  const shown = acl.slice(0, usersShownMax).map(({ user, flags }) => `${user} (${describeFlags(flags)})`)
  const more = acl.length > shown.length ? ` and ${acl.length - shown.length} more` : ''
  return `users ${shown.join(', ')}${more}`
}

/** What is allowed in an ACL, and yet seldom meant. `noun`: `bucket 1`. */
export function warnOfRules(noun: string, { acl }: ShardAclEntry): string[] {
  return acl.flatMap(({ user, flags }) => {
    const changes = (flags & (aclFlags.write | aclFlags.admin)) !== 0
    if (!changes || (flags & aclFlags.unsigned) === 0) return []
    const who = user === '*' ? 'Everybody' : `Whoever calls himself ${user}`
    return [`${who} may ${describeFlags(flags & ~aclFlags.unsigned)} in ${noun} without a signature`]
  })
}

/** As warnOfRules(), and of an admin ACL that lets nobody in. */
export function warnOfAdmin(admin: ShardAclEntry): string[] {
  const { acl } = admin
  const useless = acl.length > 0 && acl.every(({ flags }) => (flags & aclFlags.admin) === 0)
  return [
    ...(useless ? [`No user of the admin ACL has flag ${aclFlags.admin}: nobody may administer`] : []),
    ...warnOfRules('administration', admin),
  ]
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
