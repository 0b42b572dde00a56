// The short way for the requests that matter: a GET (or HEAD) of a blob that is small enough to be read whole, and a
// PUT that came in one piece. They are answered on the socket, without node:http and fastify. Whatever else a
// connection brings, it goes to node:http with its bytes, for good.
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import type { NeedleHeader } from '../needle/needle-format.js'
import type { Store } from '../store.js'
import { formatVersion } from '../needle/blob-version.js'
import { type HotReader, hotNeedleBytesMax } from '../volume/hot-reader.js'
import type { HttpLimits } from './http-limits.js'
import { refusalOf } from './answer-codes.js'
import { contentTypeFor } from './guess-content-type.js'
import { type LaneMethod, LaneRequest } from './lane-request.js'
import { headRoomBytes, LaneResponse } from './lane-response.js'
import type { DaemonMetrics } from './metrics.js'
import type { Permit, RequestAccess } from './request-access.js'
import { readShared, type SharedRead } from './shared-read.js'

const headBytesMax = 4096
const everything: Pick<Permit, 'checksum'> = { checksum: undefined }

interface Connection {
  readonly socket: Socket
  readonly reading: SharedRead
  readonly onEnd: () => void
  /** Since when it has been waiting for a request. */
  sinceMs: number
  requests: number
  busy: boolean
  /** Bytes that came while an answer was being made. */
  held: Buffer | undefined
  /** The client will send no more. */
  ended: boolean
}

export interface FastLaneParts {
  readonly store: Store
  readonly reader: HotReader
  readonly server: Server
  readonly limits: HttpLimits
  readonly metrics: DaemonMetrics
  readonly log: Logger
  readonly access: RequestAccess
}

export class FastLane {
  readonly #parts: FastLaneParts
  readonly #connections = new Set<Connection>()
  readonly #request = new LaneRequest()
  readonly #response: LaneResponse
  readonly #sweep: NodeJS.Timeout
  readonly #debug: boolean
  /** Undefined when everybody may do everything: then requests need not be looked at again. */
  readonly #access: RequestAccess | undefined
  /** Reused for every answer that the kernel takes at once. */
  #scratch = Buffer.allocUnsafeSlow(headRoomBytes + hotNeedleBytesMax)
  #nowMs = Date.now()
  #draining = false

  constructor(parts: FastLaneParts) {
    this.#parts = parts
    this.#response = new LaneResponse(parts.limits.keepAliveMs)
    this.#debug = parts.log.isLevelEnabled('debug')
    this.#access = parts.access.isOpen ? undefined : parts.access
    this.#sweep = setInterval(() => this.#closeIdle(), parts.limits.checkEveryMs).unref()
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Takes a new, paused connection; gives the socket it is on from now on. */
  accept(accepted: Socket): Socket {
    const reading = readShared(accepted, (bytes) => this.#onBytes(connection, bytes))
    const { socket } = reading
    const connection: Connection = {
      socket,
      reading,
      onEnd: () => this.#onEnd(connection),
      sinceMs: Date.now(),
      requests: 0,
      busy: false,
      held: undefined,
      ended: false,
    }
    this.#connections.add(connection)
    socket.on('error', destroyQuietly)
    socket.on('timeout', destroyQuietly)
    socket.on('end', connection.onEnd)
    socket.on('close', () => this.#connections.delete(connection))
    return socket
  }

  /** `bytes` are overwritten by the next read: whatever outlives this call is copied. */
  #onBytes(connection: Connection, bytes: Buffer): void {
    const { socket } = connection
    if (connection.busy) {
      connection.held = Buffer.concat([connection.held ?? Buffer.alloc(0), bytes])
      socket.pause()
      return
    }
    const request = this.#request
    if (this.#draining || socket.writableLength > 0 || !request.parse(bytes)) {
      this.#handOver(connection, Buffer.from(bytes))
      return
    }
    const permit = this.#access === undefined ? everything : this.#permitOf(this.#access, bytes)
    if (permit === undefined) {
      this.#handOver(connection, Buffer.from(bytes))
      return
    }
    if (request.method === 'PUT') {
      void this.#answerPut(connection, Buffer.from(bytes), permit)
      return
    }
    const { store, reader } = this.#parts
    const { method } = request
    const startedAtMs = performance.now()
    const scratch = this.#scratch
    const place = { start: request.nameStart, end: request.nameEnd }
    const header = reader.read(request.name, place, scratch, headRoomBytes)
    if (header === undefined) {
      void this.#answerCold(connection, Buffer.from(bytes), method)
      return
    }
    this.#send(connection, { bytes: scratch, header }, { method, request: bytes })
    // Once everything is in the kernel the scratch is free again; else it now belongs to the socket.
    if (socket.writableLength > 0) this.#scratch = Buffer.allocUnsafeSlow(scratch.length)
    if (method === 'GET') store.gets.add(header.dataLength, performance.now() - startedAtMs)
  }

  /** Undefined when node:http has to judge the request, and to say what is wrong with it. */
  #permitOf(access: RequestAccess, bytes: Buffer): Pick<Permit, 'checksum'> | undefined {
    const { method, contentType, version, signature, bodyStart } = this.#request
    const target = this.#request.targetText(bytes)
    if (method !== 'PUT') return access.mayReadPlain(target) ? everything : undefined
    return access.permitPlainPut({
      target,
      sizeBytes: bytes.length - bodyStart,
      version: version === undefined ? undefined : formatVersion(version),
      contentType: contentType === '' ? undefined : contentType,
      signature,
    })
  }

  #onEnd(connection: Connection): void {
    connection.ended = true
    if (!connection.busy) connection.socket.end()
  }

  /** `bytes` hold the needle, headRoomBytes behind their beginning. */
  #send(
    connection: Connection,
    { bytes, header }: { bytes: Buffer; header: NeedleHeader },
    { method, request }: { method: LaneMethod; request: Buffer },
  ): void {
    const start = this.#response.writeHead(bytes, headRoomBytes, header)
    const dataStart = headRoomBytes + header.prefixBytes
    const answer = bytes.subarray(start, method === 'HEAD' ? dataStart : dataStart + header.dataLength)
    this.#write(connection, answer, { method, status: 200, request })
  }

  #write(
    connection: Connection,
    answer: Buffer,
    { method, status, request }: { method: LaneMethod; status: number; request: Buffer },
  ): void {
    const { socket } = connection
    connection.sinceMs = this.#nowMs
    connection.requests++
    socket.write(answer)
    // A client that reads slowly is let be as long as it reads at all; node:net watches that.
    if (socket.writableLength > 0) socket.setTimeout(this.#parts.limits.stalledMs)
    this.#parts.metrics.countAnswer(method, status)
    if (this.#debug) {
      const [, target] = request.toString('latin1', 0, headBytesMax).split(' ', 2)
      this.#parts.log.debug({ method, target, status, lane: 'fast' }, 'request')
    }
  }

  /** A blob not known to be in the page cache is read through the pool; what is no small live blob moves on. */
  async #answerCold(connection: Connection, request: Buffer, method: LaneMethod): Promise<void> {
    const { store, reader } = this.#parts
    const startedAtMs = performance.now()
    const { name, nameStart, nameEnd } = this.#request
    connection.busy = true
    const read = await reader
      .readCold(Buffer.from(name.subarray(nameStart, nameEnd)), headRoomBytes)
      .catch(() => undefined)
    if (read !== undefined && !connection.socket.destroyed) {
      this.#send(connection, read, { method, request })
      if (method === 'GET') store.gets.add(read.header.dataLength, performance.now() - startedAtMs)
    }
    this.#finish(connection, read === undefined ? request : undefined)
  }

  async #answerPut(
    connection: Connection,
    request: Buffer,
    { checksum }: Pick<Permit, 'checksum'>,
  ): Promise<void> {
    const { bodyStart, contentType, version } = this.#request
    const name = this.#request.nameText()
    if (name === undefined) {
      this.#handOver(connection, request)
      return
    }
    connection.busy = true
    const put = { contentType: contentTypeFor(name, contentType), version, checksum }
    const done = await this.#parts.store.put(name, request.subarray(bodyStart), put).then(
      // That very needle was there already: node:http says so, and finds it there again.
      ({ etag, created }) => (created ? { status: 201, answer: this.#response.created(etag) } : undefined),
      (error: Error) => this.#refuse(error, name),
    )
    if (done !== undefined && !connection.socket.destroyed) {
      this.#write(connection, done.answer, { method: 'PUT', status: done.status, request })
    }
    this.#finish(connection, done === undefined ? request : undefined)
  }

  /** What the client did wrong is node:http's to say; what failed here is not tried a second time. */
  #refuse(error: Error, name: string): { status: number; answer: Buffer } | undefined {
    const refusal = refusalOf(error)
    if (refusal.status < 500) return undefined
    this.#parts.log.error({ err: error, method: 'PUT', name }, 'request failed')
    return { status: refusal.status, answer: this.#response.refused(refusal) }
  }

  /** Goes on after an answer; `unanswered` and what came meanwhile go to node:http. */
  #finish(connection: Connection, unanswered: Buffer | undefined): void {
    const { socket, held, ended } = connection
    connection.busy = false
    if (socket.destroyed) return
    const left = [unanswered, held].filter((bytes) => bytes !== undefined)
    if (left.length > 0) this.#handOver(connection, Buffer.concat(left))
    else if (this.#draining || ended) socket.destroySoon()
  }

  /** Gives the connection and the bytes that came to node:http, for good. */
  #handOver(connection: Connection, bytes: Buffer): void {
    const { socket } = connection
    this.#connections.delete(connection)
    connection.reading.end()
    socket.off('error', destroyQuietly)
    socket.off('timeout', destroyQuietly)
    socket.off('end', connection.onEnd)
    socket.pause()
    this.#parts.server.emit('connection', socket)
    socket.unshift(bytes)
    socket.resume()
  }

  #closeIdle(): void {
    this.#nowMs = Date.now()
    const { headersMs, keepAliveMs } = this.#parts.limits
    for (const connection of this.#connections) {
      const { socket, requests, busy } = connection
      if (busy || socket.writableLength > 0) connection.sinceMs = this.#nowMs
      else if (socket.timeout) socket.setTimeout(0)
      if (this.#nowMs - connection.sinceMs > (requests === 0 ? headersMs : keepAliveMs)) socket.destroy()
    }
  }

  /** Ends idle connections now and the others after their answer. */
  drain(): void {
    this.#draining = true
    for (const { socket, busy } of this.#connections) {
      if (!busy) socket.destroySoon()
    }
  }

  close(): void {
    clearInterval(this.#sweep)
    for (const { socket } of this.#connections) socket.destroy()
  }
}

function destroyQuietly(this: Socket): void {
  this.destroy()
}
