// Checks what yargs parsed. Every problem of a command line is reported at once.
import bytes from 'bytes'
import { z } from 'zod'
import { usageError } from './cli-error.js'
import { unmarkDashes } from './dash-arguments.js'

const sizePattern = /^\d+(\.\d+)?\s*(b|kb|mb|gb|tb|pb)?$/i
const sizeMessage = 'must be a size such as 500mb, 10gb or 1.5tb'

/** The checked arguments; options the schema does not name are left out. Throws CliError with all problems. */
export function parseArguments<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const argv = unmarkDashes(given)
  const parsed = schema.safeParse(argv)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => {
    const [first] = path
    if (first === undefined) return message
    const value: unknown = (argv as Record<PropertyKey, unknown>)[first]
    const repeated = path.length === 1 && Array.isArray(value)
    return `${kebabCase(String(first))}: ${repeated ? 'is given more than once' : message}`
  })
  throw usageError([...new Set(problems)].join('\n'))
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

export const pathArgument = z.string('a path is missing').min(1, 'a path is missing')

/** A whole number given as text. */
export function wholeNumberArgument({ min, max }: { min: number; max: number }) {
  const message = `must be a whole number from ${min} to ${max}`
  return z
    .string(message)
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
}

/** 0 lets the system choose a free port. */
export const listenPortArgument = wholeNumberArgument({ min: 0, max: 65_535 })

export const portArgument = wholeNumberArgument({ min: 1, max: 65_535 })

/** Bytes, or a size with a unit: 500mb, 10gb, 1.5tb; 1 gb is 2^30 bytes. */
export const sizeArgument = z
  .string()
  .regex(sizePattern, sizeMessage)
  .transform((text) => Math.floor(bytes.parse(text) ?? 0))
  .refine(Number.isSafeInteger, sizeMessage)

/** The address of a daemon. A path in it stands before every name. */
export const urlArgument = z
  .url({ protocol: /^https?$/, error: 'must be an address such as http://127.0.0.1:10001' })
  .transform((text) => new URL(text))
