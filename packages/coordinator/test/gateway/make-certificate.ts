// Self-signed certificates, made when a test needs them.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export interface CertificateMade {
  readonly certFile: string
  readonly keyFile: string
}

/** `<name>.crt` and `<name>.key` for localhost and 127.0.0.1, valid for a day; their common name is `name`. */
export function makeCertificate(directory: string, name: string): CertificateMade {
  const certFile = join(directory, `${name}.crt`)
  const keyFile = join(directory, `${name}.key`)
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '1',
      ],
      ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', keyFile, '-out', certFile],
    ],
    { stdio: 'pipe' },
  )
  return { certFile, keyFile }
}
