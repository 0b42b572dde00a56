// The short way for the request that matters: a GET (or HEAD) of a blob that is small enough to be read whole. It is
// answered on the socket, without node:http and fastify. Whatever else a connection brings, it goes to node:http with
// its bytes, for good.
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import type { NeedleHeader } from '../needle/needle-format.js'
import type { Store } from '../store.js'
import { type HotReader, hotNeedleBytesMax } from '../volume/hot-reader.js'
import type { HttpLimits } from './http-limits.js'
import { LaneRequest } from './lane-request.js'
import { headRoomBytes, LaneResponse } from './lane-response.js'
import type { DaemonMetrics } from './metrics.js'

interface Connection {
  readonly socket: Socket
  readonly onData: (chunk: Buffer) => void
  /** Since when it has been in its present state: waiting for a request, or sending. */
  sinceMs: number
  requests: number
  busy: boolean
  /** Bytes that came while an answer was being read. */
  held: Buffer | undefined
}

export interface FastLaneParts {
  readonly store: Store
  readonly reader: HotReader
  readonly server: Server
  readonly limits: HttpLimits
  readonly metrics: DaemonMetrics
  readonly log: Logger
}

export class FastLane {
  readonly #parts: FastLaneParts
  readonly #connections = new Set<Connection>()
  readonly #request = new LaneRequest()
  readonly #response: LaneResponse
  readonly #sweep: NodeJS.Timeout
  readonly #debug: boolean
  /** Reused for every answer that the kernel takes at once. */
  #scratch = Buffer.allocUnsafeSlow(headRoomBytes + hotNeedleBytesMax)
  #nowMs = Date.now()
  #draining = false

  constructor(parts: FastLaneParts) {
    this.#parts = parts
    this.#response = new LaneResponse(parts.limits.keepAliveMs)
    this.#debug = parts.log.isLevelEnabled('debug')
    this.#sweep = setInterval(() => this.#closeStalled(), 1_000).unref()
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Takes a new connection; it stays here as long as its requests are of the simple kind. */
  accept(socket: Socket): void {
    const connection: Connection = {
      socket,
      onData: (chunk) => this.#onData(connection, chunk),
      sinceMs: Date.now(),
      requests: 0,
      busy: false,
      held: undefined,
    }
    this.#connections.add(connection)
    socket.on('data', connection.onData)
    socket.on('error', destroyQuietly)
    socket.on('end', endQuietly)
    socket.on('close', () => this.#connections.delete(connection))
  }

  #onData(connection: Connection, chunk: Buffer): void {
    if (connection.busy) {
      connection.held = connection.held === undefined ? chunk : Buffer.concat([connection.held, chunk])
      connection.socket.pause()
      return
    }
    const request = this.#request
    if (this.#draining || connection.socket.writableLength > 0 || !request.parse(chunk)) {
      this.#handOver(connection, chunk)
      return
    }
    const { store, reader } = this.#parts
    const startedAtMs = performance.now()
    const scratch = this.#scratch
    const place = { start: request.nameStart, end: request.nameEnd }
    const header = reader.read(request.name, place, scratch, headRoomBytes)
    if (header === undefined) {
      void this.#answerCold(connection, chunk, request.head)
      return
    }
    this.#send(connection, scratch, headRoomBytes, header, request.head)
    // Once everything is in the kernel the scratch is free again; else it now belongs to the socket.
    if (connection.socket.writableLength > 0) this.#scratch = Buffer.allocUnsafeSlow(scratch.length)
    if (!request.head) store.gets.add(header.dataLength, performance.now() - startedAtMs)
  }

  #send(connection: Connection, bytes: Buffer, at: number, header: NeedleHeader, head: boolean): void {
    const start = this.#response.writeHead(bytes, at, header)
    const dataStart = at + header.prefixBytes
    connection.sinceMs = this.#nowMs
    connection.requests++
    connection.socket.write(bytes.subarray(start, head ? dataStart : dataStart + header.dataLength))
    if (head) this.#parts.metrics.countAnswer('HEAD', 200)
    else this.#parts.metrics.fastLaneAnswers++
    if (this.#debug)
      this.#parts.log.debug({ method: head ? 'HEAD' : 'GET', status: 200, lane: 'fast' }, 'request')
  }

  /** A blob not known to be in the page cache is read through the pool; what is no small live blob moves on. */
  async #answerCold(connection: Connection, chunk: Buffer, head: boolean): Promise<void> {
    const { store, reader } = this.#parts
    const startedAtMs = performance.now()
    const name = Buffer.from(this.#request.name.subarray(this.#request.nameStart, this.#request.nameEnd))
    connection.busy = true
    connection.sinceMs = this.#nowMs
    const read = await reader.readCold(name, headRoomBytes).catch(() => undefined)
    connection.busy = false
    if (connection.socket.destroyed) return
    if (read === undefined) {
      this.#handOver(
        connection,
        connection.held === undefined ? chunk : Buffer.concat([chunk, connection.held]),
      )
      return
    }
    this.#send(connection, read.bytes, headRoomBytes, read.header, head)
    if (!head) store.gets.add(read.header.dataLength, performance.now() - startedAtMs)
    if (connection.held !== undefined) this.#handOver(connection, connection.held)
    else if (this.#draining) connection.socket.end()
  }

  /** Gives the connection and the bytes that came to node:http, for good. */
  #handOver(connection: Connection, chunk: Buffer): void {
    const { socket } = connection
    this.#connections.delete(connection)
    socket.off('data', connection.onData)
    socket.off('error', destroyQuietly)
    socket.off('end', endQuietly)
    socket.pause()
    this.#parts.server.emit('connection', socket)
    socket.unshift(chunk)
    socket.resume()
  }

  #closeStalled(): void {
    this.#nowMs = Date.now()
    const { headersMs, keepAliveMs, stalledMs } = this.#parts.limits
    for (const { socket, sinceMs, requests, busy } of this.#connections) {
      const sending = busy || socket.writableLength > 0
      const limitMs = sending ? stalledMs : requests === 0 ? headersMs : keepAliveMs
      if (this.#nowMs - sinceMs > limitMs) socket.destroy()
    }
  }

  /** Ends idle connections now and the others after their answer. */
  drain(): void {
    this.#draining = true
    for (const { socket, busy } of this.#connections) {
      if (!busy) socket.end()
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

function endQuietly(this: Socket): void {
  this.end()
}
