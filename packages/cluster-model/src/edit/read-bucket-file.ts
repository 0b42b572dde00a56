// From Backrunner's bucket file to what each of its buckets shall be. Pure.
import { z } from 'zod'
import type { ShardAclEntry } from '../schema/acl-schemas.js'
import { type BucketFileFields, bucketFileSchema } from '../schema/bucket-file.js'

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
  /** A sentence for each mistake, none of which shows a token. Where there are any, buckets are those without. */
  readonly faults: readonly string[]
}

type Rules = NonNullable<BucketFileFields['generic']>

/** What a bucket says itself stands in the place of what `generic` says. */
export function readBucketFile(json: unknown): BucketFile {
  const parsed = bucketFileSchema.safeParse(json)
  const { generic = {}, buckets = {}, admin } = parsed.success ? parsed.data : soundPartOf(json)
  return {
    buckets: Object.entries(buckets).map(([id, { groups, ...own }]) => {
      return { id, nodes: groups, rules: rulesOf(own, generic) }
    }),
    admin: admin === undefined ? undefined : { acl: copyOf(admin.acl) },
    faults: parsed.success
      ? []
      : parsed.error.issues.map((issue) => `${issue.path.join('.') || 'The file'}: ${messageOf(issue)}`),
  }
}

/** The buckets without a mistake: what the model has against them is said with all the rest. */
function soundPartOf(json: unknown): BucketFileFields {
  const { data } = z.object({ buckets: z.record(z.string(), z.unknown()) }).safeParse(json)
  const sound = Object.entries(data?.buckets ?? {}).flatMap(([id, fields]) => {
    return Object.entries(bucketFileSchema.safeParse({ buckets: { [id]: fields } }).data?.buckets ?? {})
  })
  return { buckets: Object.fromEntries(sound) }
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
