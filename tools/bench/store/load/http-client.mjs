// A small HTTP/1.1 client on raw sockets: one request at a time per connection, fast enough to fill a store and to
// measure latency without the client being most of it. Understands answers with Content-Length only.
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'

const headBytesMax = 65_536
const answerTimeoutMs = 30_000

export class HttpConnection {
  #socket
  #waiting
  #chunks = []
  #chunkBytes = 0
  #head

  static async open(port) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new HttpConnection(socket)
  }

  constructor(socket) {
    this.#socket = socket
    socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error('no answer in time')))
    socket.on('data', (chunk) => this.#onData(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('connection closed')))
  }

  /** Sends one whole request; resolves with `{ status, body, elapsedMs }`. */
  send(...parts) {
    return new Promise((resolve, reject) => {
      if (this.#waiting) return reject(new Error('one request at a time'))
      this.#waiting = { resolve, reject, startedMs: performance.now() }
      this.#socket.cork()
      for (const part of parts) this.#socket.write(part)
      this.#socket.uncork()
    })
  }

  close() {
    this.#socket.destroy()
  }

  #onData(chunk) {
    this.#chunks.push(chunk)
    this.#chunkBytes += chunk.length
    if (this.#head === undefined && !this.#parseHead()) return
    if (this.#chunkBytes < this.#head.totalBytes) return
    const waiting = this.#waiting
    const whole = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks)
    const { status, headBytes, totalBytes } = this.#head
    this.#waiting = undefined
    this.#head = undefined
    this.#chunks = []
    this.#chunkBytes = 0
    const elapsedMs = performance.now() - waiting.startedMs
    waiting.resolve({ status, body: whole.subarray(headBytes, totalBytes), elapsedMs })
  }

  #parseHead() {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks)
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) {
      if (bytes.length > headBytesMax) this.#socket.destroy(new Error('endless answer head'))
      return false
    }
    const text = bytes.toString('latin1', 0, end)
    const status = Number(text.slice(9, 12))
    const length = /\r\ncontent-length:\s*(\d+)/i.exec(text)
    const chunked = /\r\ntransfer-encoding:\s*chunked/i.test(text)
    // A chunked answer is only understood when it is empty, as the 2013 server's are.
    const bodyBytes = chunked ? 5 : Number(length?.[1] ?? 0)
    this.#head = { status, headBytes: end + 4, totalBytes: end + 4 + bodyBytes }
    return true
  }

  #fail(error) {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(error)
  }
}

export function getRequest(port, name) {
  return `GET /${name} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`
}

export function putRequestHead(port, name, bytes) {
  return `PUT /${name} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${bytes}\r\n\r\n`
}

/** One GET on a connection of its own; undefined status means nobody answers. */
export async function probe(port, name) {
  const connection = await HttpConnection.open(port)
  try {
    return await connection.send(getRequest(port, name))
  } finally {
    connection.close()
  }
}
