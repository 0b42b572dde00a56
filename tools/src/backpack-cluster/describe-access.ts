// Who may use what, for people and machines. No token is shown, only that there is one.
import { type AclEntry, describeAdminFlags, describeFlags, type ShardAccess } from '@backpack/cluster-model'
import { showName } from '@backpack/command-line'

export interface UserDescription {
  readonly user: string
  /** Masked. */
  readonly token: string
  readonly flags: number
  /** The flags in words. */
  readonly may: string
}

/** `acl` when there is a list of users. */
export function accessWord(access: ShardAccess): 'open' | 'acl' | 'closed' {
  return typeof access === 'string' ? access : 'acl'
}

/** As accessWord(), of the admin list: without one the gateway lets nobody administer. */
export function adminWord(access: ShardAccess): 'nobody' | 'acl' | 'closed' {
  const word = accessWord(access)
  return word === 'open' ? 'nobody' : word
}

/** Empty when there is no list. */
export function describeUsers(access: ShardAccess): UserDescription[] {
  return describe(access, describeFlags)
}

/** As describeUsers(), of the admin list. */
export function describeAdmins(access: ShardAccess): UserDescription[] {
  return describe(access, describeAdminFlags)
}

function describe(access: ShardAccess, wordsOf: (flags: number) => string): UserDescription[] {
  const users: AclEntry[] = typeof access === 'string' ? [] : [...access.users.values()]
  return users.map(({ user, token, flags }) => ({
    user,
    token: token.toString(),
    flags,
    may: wordsOf(flags),
  }))
}

/** Cells of a table, a row for each user: user, what he may, token. */
export function userRows(
  access: ShardAccess,
  users: readonly UserDescription[],
  words: { readonly open: string },
): string[][] {
  if (access === 'open') return [['-', words.open, '']]
  if (access === 'closed') return [['-', 'nothing: the ACL cannot be understood', '']]
  return users.map(({ user, may, token }) => [showName(user), may, token])
}
