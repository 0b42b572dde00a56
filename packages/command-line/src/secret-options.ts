// Secrets of a command: in a file that an option names, else in the environment; never an argument, which everybody on the
// machine can see.
import { readSecret, type Secret, SecretError } from '@backpack/signing'
import { CliError } from './cli-error.js'

const clusterSecretVariable = 'BACKPACK_CLUSTER_SECRET'

/** The option of every command that speaks to stores, or is one. */
export const clusterSecretOption = {
  'cluster-secret-file': {
    type: 'string',
    describe: `Sign with the cluster's secret in this file; default: ${clusterSecretVariable} of the environment`,
  },
} as const

/** Undefined when there is none. Throws CliError for one that cannot be read or is too short. */
export function readClusterSecret(file: string | undefined): Promise<Secret | undefined> {
  return orExplain(
    readSecret({ file, environment: process.env[clusterSecretVariable], noun: 'cluster secret' }),
  )
}

/** As readClusterSecret(), for what is only ever in a file. `noun` is for messages: `redirect token`. */
export function readSecretFile(file: string | undefined, noun: string): Promise<Secret | undefined> {
  return orExplain(readSecret({ file, environment: undefined, noun }))
}

async function orExplain<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading
  } catch (cause) {
    if (!(cause instanceof SecretError)) throw cause
    throw new CliError(`${cause.message}.`, {
      advice:
        'A secret is a file of its own, such as `openssl rand -hex 32` makes, that only its user can read.',
      cause,
    })
  }
}
