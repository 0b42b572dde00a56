import { join } from 'node:path'
import { runClient } from './run-client.js'

export interface CertificateMade {
  readonly certFile: string
  readonly keyFile: string
}

/** Self-signed, for 127.0.0.1, valid for a day: `server.crt` and `server.key` in the directory. */
export async function makeCertificate(directory: string): Promise<CertificateMade> {
  const certFile = join(directory, 'server.crt')
  const keyFile = join(directory, 'server.key')
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const who = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  await runClient('openssl', ['req', '-x509', ...kind, ...who, '-keyout', keyFile, '-out', certFile])
  return { certFile, keyFile }
}
