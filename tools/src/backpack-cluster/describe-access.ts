// Who may use what, for people and machines. No token is shown, only that there is one.
import { type AclEntry, describeFlags, type ShardAccess } from '@backpack/cluster-model'
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

/** Empty when there is no list. */
export function describeUsers(access: ShardAccess): UserDescription[] {
  return typeof access === 'string' ? [] : [...access.users.values()].map(describeUser)
}

function describeUser({ user, token, flags }: AclEntry): UserDescription {
  return { user, token: token.toString(), flags, may: describeFlags(flags) }
}

/** Cells of a table, a row for each user: user, what he may, token. */
export function userRows(access: ShardAccess, words: { readonly open: string }): string[][] {
  if (access === 'open') return [['-', words.open, '']]
  if (access === 'closed') return [['-', 'nothing: the ACL cannot be understood', '']]
  return describeUsers(access).map(({ user, may, token }) => [showName(user), may, token])
}
