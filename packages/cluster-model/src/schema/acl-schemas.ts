// Who may use a shard, as it stands in the tree and in Backrunner's bucket file. A token becomes a Secret as it is read.
import { Secret } from '@backpack/signing'
import { z } from 'zod'

const usersMax = 10_000

/** Without lone surrogates, which no request can carry. */
const userSchema = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]{1,128}$/u, 'must have 1 to 128 characters, none of control')

const tokenSchema = z
  .string()
  .min(1, 'must not be empty')
  .max(4096)
  .transform((text) => new Secret(text))

export const aclEntryShape = {
  user: userSchema,
  token: tokenSchema,
  /** A sum of aclFlags. */
  flags: z.int().min(0).max(7, 'must be a sum of 1, 2 and 4'),
}

/** Makes a list of entries of which no two are for one user. */
export function aclListOf<Entry extends z.ZodType<{ readonly user: string }>>(entry: Entry) {
  return z
    .array(entry)
    .max(usersMax)
    .superRefine((entries, context) => {
      const seen = new Set<string>()
      for (const [index, { user }] of entries.entries()) {
        const message = `${JSON.stringify(user)} stands there twice`
        if (seen.has(user)) context.addIssue({ code: 'custom', path: [index, 'user'], message })
        seen.add(user)
      }
    })
}

/** What a bucket has beside its users. 0 is no limit, as in Backrunner's bucket file. */
export const bucketLimitShape = {
  flags: z.int().optional(),
  'max-size': z.int().min(0).optional(),
  'max-key-num': z.int().min(0).optional(),
}

/** `/shard-acl-<id>` and `/admin-acl`: an entry of Backrunner's bucket file without its groups. */
export const shardAclSchema = z.looseObject({
  acl: aclListOf(z.looseObject(aclEntryShape)),
  ...bucketLimitShape,
})

export type ShardAclEntry = z.output<typeof shardAclSchema>
