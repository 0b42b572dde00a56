// A certificate and its key, read together and checked before they are used.
import { readRegularFile, reasonOfUnread } from '@backpack/signing'
import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

const pemBytesMax = 1024 * 1024

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** PEM, as node:tls takes it. */
export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
  /** When it ends, in ms since 1970. */
  readonly endsAtMs: number
}

/** Rejects when a file cannot be read, or key and certificate do not belong together. The message shows nothing of them. */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([readPem(certFile), readPem(keyFile)])
  let endsAtMs: number
  try {
    endsAtMs = Date.parse(new X509Certificate(cert).validTo)
    createSecureContext({ cert, key })
  } catch (cause) {
    throw new Error(`${certFile} and ${keyFile} are no certificate with its key`, { cause })
  }
  return { cert, key, endsAtMs }
}

/** A line for each file that cannot be used, by its name in the configuration. What is not named is not looked at. */
export async function certificateProblems({
  certFile,
  keyFile,
}: Readonly<Record<keyof CertificateFiles, string | undefined>>): Promise<string[]> {
  const unread: string[] = []
  for (const [name, file] of [['cert_file', certFile] as const, ['key_file', keyFile] as const]) {
    try {
      if (file !== undefined) await readPem(file)
    } catch (error) {
      unread.push(`proxy.${name}: ${(error as Error).message}`)
    }
  }
  if (unread.length > 0 || certFile === undefined || keyFile === undefined) return unread
  try {
    await readCertificate({ certFile, keyFile })
    return []
  } catch (error) {
    return [`proxy.cert_file: ${(error as Error).message}`]
  }
}

async function readPem(file: string): Promise<Buffer> {
  try {
    return await readRegularFile(file, { bytesMax: pemBytesMax })
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${reasonOfUnread(cause)}`, { cause })
  }
}
