// Secrets of a command: in a file that an option names, else in the environment; never an argument, which everybody on the
// machine can see.
import { readSecret, type Secret, SecretError, type SecretSource } from '@backpack/signing'
import { stat } from 'node:fs/promises'
import { CliError } from './cli-error.js'
import { printNote } from './output.js'

const clusterSecretVariable = 'BACKPACK_CLUSTER_SECRET'
/** Of a file's mode: its group, or everybody, may read it. */
const readableByOthers = 0o044

/** The option of every command that speaks to stores, or is one. */
export const clusterSecretOption = {
  'cluster-secret-file': {
    type: 'string',
    describe: `Sign with the cluster's secret in this file; default: ${clusterSecretVariable} of the environment`,
  },
} as const

/** Undefined when there is none. Throws CliError for one that cannot be read or is too short. */
export function readClusterSecret(file: string | undefined): Promise<Secret | undefined> {
  return read({ file, environment: process.env[clusterSecretVariable], noun: 'cluster secret' })
}

/** As readClusterSecret(), for what is only ever in a file. `noun` is for messages: `redirect token`. */
export function readSecretFile(file: string | undefined, noun: string): Promise<Secret | undefined> {
  return read({ file, environment: undefined, noun })
}

async function read(source: SecretSource): Promise<Secret | undefined> {
  try {
    const secret = await readSecret(source)
    if (source.file !== undefined) await warnWhenReadable(source.file)
    return secret
  } catch (cause) {
    if (!(cause instanceof SecretError)) throw cause
    throw new CliError(`${cause.message}.`, {
      advice:
        'A secret is a file of its own, such as `openssl rand -hex 32` makes, that only its user can read.',
      cause,
    })
  }
}

/** Who is warned may have his reasons, such as a group of daemons: the secret is used all the same. */
async function warnWhenReadable(file: string): Promise<void> {
  // It may have been replaced since it was read.
  const stats = await stat(file).catch(() => undefined)
  if (stats !== undefined && (stats.mode & readableByOthers) !== 0)
    printNote(`Warning: ${file} is readable by others: chmod 600 ${file}`)
}
