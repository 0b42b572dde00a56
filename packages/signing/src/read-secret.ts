// Secrets come from files, standard input or the environment: never from arguments, which every user of a machine can see.
import { isUtf8 } from 'node:buffer'
import { readRegularFile, reasonOfUnread } from './read-regular-file.js'
import { Secret } from './secret.js'

/** Of every secret between daemons. */
export const secretBytesMin = 16
export const secretBytesMax = 4096
/** What stands where bytes were no UTF-8: by it secrets that differ would be the same one. */
const replacement = '\ufffd'
const controlCharacter = /\p{Cc}/u
/** With the space around it. */
const secretFileBytesMax = 64 * 1024

/** What is wrong with the secret, in words that do not show it. */
export class SecretError extends Error {
  override readonly name = 'SecretError'
}

export interface SecretSource {
  /** A file that holds nothing else; spaces and line ends around it are left out. */
  readonly file: string | undefined
  /** The value of the environment variable, used without a file. */
  readonly environment: string | undefined
  /** For messages: `cluster secret`. */
  readonly noun: string
}

/** Undefined when neither gives one. Throws SecretError for a file that cannot be read or is no regular one, and as parseSecret(). */
export async function readSecret({ file, environment, noun }: SecretSource): Promise<Secret | undefined> {
  if (file === undefined)
    return environment === undefined || environment === '' ? undefined : parseSecret(environment, noun)
  let bytes: Buffer
  try {
    bytes = await readRegularFile(file, { bytesMax: secretFileBytesMax })
  } catch (cause) {
    throw new SecretError(`The ${noun} cannot be read from ${file}: ${reasonOfUnread(cause)}`, { cause })
  }
  const place = `${noun} in ${file}`
  if (!isUtf8(bytes)) throw noText(place)
  return parseSecret(bytes.toString('utf8'), place)
}

/**
 * Spaces and line ends around it are left out. Throws SecretError for one outside of 16 to 4,096 bytes, and for what is no
 * line of text: a secret is text, and every program has to read the same one.
 */
export function parseSecret(text: string, noun: string): Secret {
  const secret = text.trim()
  const sizeBytes = Buffer.byteLength(secret)
  if (sizeBytes < secretBytesMin || sizeBytes > secretBytesMax) {
    throw new SecretError(
      `The ${noun} has ${sizeBytes} bytes; it must have ${secretBytesMin} to ${secretBytesMax}`,
    )
  }
  if (!secret.isWellFormed() || secret.includes(replacement) || controlCharacter.test(secret))
    throw noText(noun)
  return new Secret(secret)
}

function noText(place: string): SecretError {
  return new SecretError(
    `The ${place} is not a line of UTF-8 text; \`openssl rand -hex 32\` makes one, as text`,
  )
}
