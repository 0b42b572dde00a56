// Backrunner's bucket file: who may use which shard, and its limits. Strict: what is misspelt in it would leave a shard
// open, or without a limit.
import { z } from 'zod'
import { aclEntryShape, aclListOf, bucketLimitShape } from './acl-schemas.js'
import { idSchema } from './znode-schemas.js'

/** What is printed in the place of a token: a file made of such output would lock everybody out. */
const maskPattern = /^\*+$/

const entrySchema = z.strictObject({
  ...aclEntryShape,
  token: aclEntryShape.token.refine((token) => !maskPattern.test(token.reveal()), 'is a mask, not a token'),
})

const rulesShape = { acl: aclListOf(entrySchema).optional(), ...bucketLimitShape }

export const bucketFileSchema = z.strictObject({
  /** For each bucket that does not say it itself. */
  generic: z.strictObject(rulesShape).optional(),
  /** By id of the shard; groups are ids of servers. */
  buckets: z
    .record(
      idSchema,
      z.strictObject({ groups: z.array(idSchema).min(1, 'must name at least one server'), ...rulesShape }),
    )
    .optional(),
  /** Ours: who may administer the cluster. */
  admin: z.strictObject({ acl: aclListOf(entrySchema) }).optional(),
})

export type BucketFileFields = z.output<typeof bucketFileSchema>
