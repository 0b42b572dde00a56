// TLS in front of a listener's HTTP server. The certificate is read again when its files change, without a restart; a pair
// that is no good is logged, and the one before it stays.
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { CoordinatorLimits } from '../limits.js'
import type { CoordinatorLog } from '../options.js'
import { type Certificate, type CertificateFiles, readCertificate } from './config/certificate-files.js'
import { FileWatch } from './config/file-watch.js'

/** RFC 9325, 3.1.1: nothing older. */
const minVersion = 'TLSv1.2'

export interface TlsDoorParts {
  readonly limits: CoordinatorLimits
  readonly log: CoordinatorLog
  /** Where certificate and key are, as it is now. */
  readonly files: () => CertificateFiles
  /** The files are looked at so often, even when nothing tells of a change. */
  readonly everyMs: () => number
  /** Called with each connection whose handshake is done. */
  readonly enter: (socket: TLSSocket) => void
}

export class TlsDoor {
  readonly #parts: TlsDoorParts
  readonly #server: Server
  readonly #watch: FileWatch
  /** Handshakes under way, and what ends each when it takes too long. */
  readonly #handshakes = new Map<string, NodeJS.Timeout>()
  #certificate: Certificate
  #refused: string | undefined
  #timer: NodeJS.Timeout | undefined
  #last: Promise<void> = Promise.resolve()
  #closed = false

  private constructor(parts: TlsDoorParts, certificate: Certificate) {
    this.#parts = parts
    this.#certificate = certificate
    const { cert, key } = certificate
    this.#server = createServer({ cert, key, minVersion, ALPNProtocols: ['http/1.1'] })
    this.#server.on('secureConnection', (socket) => {
      this.#endHandshake(connectionOf(socket))
      parts.enter(socket)
    })
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy())
    this.#watch = new FileWatch(() => void this.reread(), parts.log)
    this.#warnOfEnd()
    this.#lookAfter()
  }

  /** Rejects when there is no certificate with its key. */
  static async open(parts: TlsDoorParts): Promise<TlsDoor> {
    return new TlsDoor(parts, await readCertificate(parts.files()))
  }

  /** Begins the handshake of a connection. */
  enter(socket: Socket): void {
    const connection = connectionOf(socket)
    const timer = setTimeout(() => socket.destroy(), this.#parts.limits.headersMs).unref()
    this.#handshakes.set(connection, timer)
    socket.on('close', () => this.#endHandshake(connection))
    this.#server.emit('connection', socket)
  }

  /** Reads certificate and key again, and uses them for connections from then on if they are good. Never rejects. */
  reread(): Promise<void> {
    this.#last = this.#last.then(() => this.#reread())
    return this.#last
  }

  /** Connections are not touched. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#watch.close()
    await this.#last
  }

  async #reread(): Promise<void> {
    if (this.#closed) return
    const { log, files } = this.#parts
    try {
      const certificate = await readCertificate(files())
      this.#refused = undefined
      const { cert, key } = certificate
      if (!cert.equals(this.#certificate.cert) || !key.equals(this.#certificate.key)) {
        this.#server.setSecureContext({ cert, key, minVersion })
        this.#certificate = certificate
        log.info({ ends: new Date(certificate.endsAtMs).toISOString() }, 'the certificate was changed')
        this.#warnOfEnd()
      }
    } catch (error) {
      const { message } = error as Error
      if (message !== this.#refused) {
        log.error({ problem: message }, 'the new certificate is not accepted; the one before it stays in use')
      }
      this.#refused = message
    }
    this.#lookAfter()
  }

  #warnOfEnd(): void {
    const { endsAtMs } = this.#certificate
    if (endsAtMs > Date.now()) return
    this.#parts.log.warn({ ended: new Date(endsAtMs).toISOString() }, 'the certificate is no longer valid')
  }

  #endHandshake(connection: string): void {
    clearTimeout(this.#handshakes.get(connection))
    this.#handshakes.delete(connection)
  }

  #lookAfter(): void {
    if (this.#closed) return
    const { certFile, keyFile } = this.#parts.files()
    this.#watch.watch([certFile, keyFile])
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.reread(), this.#parts.everyMs()).unref()
  }
}

/** The four numbers by which TCP knows a connection; the same for its socket and for the TLS socket around it. */
function connectionOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ')
}
