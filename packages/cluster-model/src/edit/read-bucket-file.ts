// From Backrunner's bucket file to what each of its buckets shall be. Pure.
import type { z } from 'zod'
import type { ShardAclEntry } from '../schema/acl-schemas.js'
import { type BucketFileFields, bucketFileSchema } from '../schema/bucket-file.js'
import { refuse } from './edit-plan.js'

export interface Bucket {
  /** Of its shard. */
  readonly id: string
  /** Ids of servers. */
  readonly nodes: readonly string[]
  readonly rules: ShardAclEntry
}

export interface BucketFile {
  readonly buckets: readonly Bucket[]
  /** Undefined: the admin ACL stays as it is. */
  readonly admin: ShardAclEntry | undefined
}

type Rules = NonNullable<BucketFileFields['generic']>

/**
 * What a bucket says itself stands in the place of what `generic` says. Throws EDIT_REFUSED with a sentence for each
 * problem, none of which shows a token.
 */
export function readBucketFile(json: unknown): BucketFile {
  const parsed = bucketFileSchema.safeParse(json)
  if (!parsed.success) {
    refuse(
      ...parsed.error.issues.map((issue) => `${issue.path.join('.') || 'The file'}: ${messageOf(issue)}`),
    )
  }
  const { generic = {}, buckets = {}, admin } = parsed.data
  return {
    buckets: Object.entries(buckets).map(([id, { groups, ...own }]) => {
      return { id, nodes: groups, rules: rulesOf(own, generic) }
    }),
    admin: admin === undefined ? undefined : { acl: copyOf(admin.acl) },
  }
}

/** Of an id that is none, why. */
function messageOf(issue: z.core.$ZodIssue): string {
  return (issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined) ?? issue.message
}

/** A list of its own for each bucket: in Backrunner they shared one, and the users of one got into the others. */
function rulesOf(own: Rules, generic: Rules): ShardAclEntry {
  return {
    acl: copyOf(own.acl ?? generic.acl ?? []),
    flags: own.flags ?? generic.flags ?? 0,
    'max-size': own['max-size'] ?? generic['max-size'] ?? 0,
    'max-key-num': own['max-key-num'] ?? generic['max-key-num'] ?? 0,
  }
}

function copyOf(acl: ShardAclEntry['acl']): ShardAclEntry['acl'] {
  return acl.map((entry) => ({ ...entry }))
}
