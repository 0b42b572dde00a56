// What callers of the client give, checked before anything is signed or sent: what would be refused later, or would lead to
// another blob than the one that is meant.
import { idTextSchema } from '@backpack/cluster-model'
import { z } from 'zod'
import { checkName } from '../blob-address.js'
import { expiresAtSecondsMax } from './sign-link.js'

const validMessage = 'must be a whole number of seconds, 1 or more'

const validSecondsSchema = z
  .int(validMessage)
  .min(1, validMessage)
  .refine((seconds) => Date.now() / 1000 + seconds <= expiresAtSecondsMax, 'is beyond what the gateway reads')

const placeShape = { bucket: idTextSchema, key: z.string('must be a text') }

const blobSchema = z.object(placeShape)

const uploadSchema = z.object({
  bucket: placeShape.bucket.optional(),
  key: placeShape.key,
  contentType: z.string('must be a text').optional(),
  sizeBytes: z.int('must be a whole number of bytes').min(0, 'must be 0 or more').optional(),
})

const linkSchema = z
  .strictObject({
    method: z
      .enum(['GET', 'PUT', 'POST'], 'must be GET, which is good for HEAD too, PUT or POST')
      .default('GET'),
    bucket: placeShape.bucket.optional(),
    key: placeShape.key,
    validSeconds: validSecondsSchema,
  })
  .refine(({ method, bucket }) => bucket !== undefined || method !== 'GET', {
    path: ['bucket'],
    message: 'is missing; only an upload can do without',
  })

const clientSchema = z.object({ validSeconds: validSecondsSchema.optional() })

/** Throws TypeError. */
export function checkClient(options: { readonly validSeconds?: number | undefined }): void {
  parse(clientSchema, options)
}

/** Throws TypeError with every problem; for the key as checkName(). */
export function checkBlob(place: unknown): void {
  checkName(parse(blobSchema, place).key)
}

/** As checkBlob(), but the bucket may be left out. */
export function checkUpload(upload: unknown): void {
  checkName(parse(uploadSchema, upload).key)
}

/** As checkBlob(), with the method's default filled in. */
export function parseLink(link: unknown): z.output<typeof linkSchema> {
  const parsed = parse(linkSchema, link)
  checkName(parsed.key)
  return parsed
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'options'}: ${message}`,
  )
  throw new TypeError(problems.join('; '))
}
