// The cluster's secret where a program gives it: a string, hidden from then on.
import { parseSecret, type Secret, SecretError } from '@backpack/signing'
import { z } from 'zod'

/** 16 to 4,096 bytes; no message shows them. */
export const clusterSecretSchema = z.string('must be a string').transform((text, context): Secret => {
  try {
    return parseSecret(text, 'secret')
  } catch (error) {
    if (!(error instanceof SecretError)) throw error
    context.issues.push({ code: 'custom', message: error.message, input: undefined })
    return z.NEVER
  }
})
