// The files that a configuration names. They are looked at even when the rest of it is wrong, so that whoever mends it is
// told everything at once.
import { readSecret, type Secret } from '@backpack/signing'
import { resolve } from 'node:path'
import { certificateProblems } from './certificate-files.js'
import { isBlank, proxyOf } from './section.js'

const pathNames = ['cert_file', 'key_file', 'redirect-token-file', 'root'] as const

/** Absolute paths, of the names that have one. */
export type NamedPaths = Readonly<Partial<Record<(typeof pathNames)[number], string>>>

/** Of a configuration that may be wrong anywhere; relative paths count from `folder`. */
export function pathsIn(value: unknown, folder: string): NamedPaths {
  const proxy = proxyOf(value)
  const paths: Partial<Record<(typeof pathNames)[number], string>> = {}
  for (const name of pathNames) {
    const path = proxy[name]
    if (typeof path === 'string' && !isBlank(path) && !/[\0\r\n]/.test(path))
      paths[name] = resolve(folder, path)
  }
  return paths
}

export interface NamedFiles {
  readonly redirectToken: Secret | undefined
  /** A line for each file that cannot be used; none shows what is in it. */
  readonly problems: readonly string[]
}

/** Reads the token, and checks the certificate and its key where `value` listens for HTTPS. */
export async function readNamedFiles(value: unknown, paths: NamedPaths): Promise<NamedFiles> {
  const problems: string[] = []
  let redirectToken: Secret | undefined
  const tokenFile = paths['redirect-token-file']
  try {
    redirectToken = await readSecret({ file: tokenFile, environment: undefined, noun: 'redirect token' })
  } catch (error) {
    problems.push(`proxy.redirect-token-file: ${(error as Error).message}`)
  }
  if (!isBlank(proxyOf(value)['https_address'])) {
    problems.push(...(await certificateProblems({ certFile: paths.cert_file, keyFile: paths.key_file })))
  }
  return { redirectToken, problems }
}
