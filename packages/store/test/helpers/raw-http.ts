// An HTTP client that writes exactly the bytes it is told to and says exactly what came back.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawResponse {
  readonly status: number
  /** As sent: order, spelling and repetition kept. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

const headEnd = '\r\n\r\n'
/** Only to end what hangs; long, since a busy machine may take its time. */
const patienceMs = 30_000

export function headerOf({ headers }: RawResponse, name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1]
}

export class RawConnection {
  readonly socket: Socket
  #received: Buffer[] = []
  #receivedBytes = 0
  #ended = false
  #waiting: (() => void)[] = []

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk)
      this.#receivedBytes += chunk.length
      this.#wake()
    })
    const end = () => {
      this.#ended = true
      this.#wake()
    }
    socket.on('end', end)
    socket.on('close', end)
    // A reset is one of the ways in which a server may end a connection.
    socket.on('error', end)
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    await once(socket, 'connect')
    return new RawConnection(socket)
  }

  write(bytes: Buffer | string): void {
    this.socket.write(toBytes(bytes))
  }

  /** The next response, or undefined when the server ended the connection before a whole one came. */
  async read({ head = false } = {}): Promise<RawResponse | undefined> {
    let wantedBytes = 1
    while (true) {
      if (this.#receivedBytes >= wantedBytes || this.#ended) {
        const bytes = Buffer.concat(this.#received)
        this.#received = [bytes]
        const parsed = parseResponse(bytes, { head, ended: this.#ended })
        if (typeof parsed === 'object') {
          this.#received = [bytes.subarray(parsed.endBytes)]
          this.#receivedBytes -= parsed.endBytes
          return parsed.response
        }
        if (this.#ended) return undefined
        wantedBytes = parsed
      }
      await this.#change()
    }
  }

  /** Resolves once the server has ended its side; gives what came after the last response read. */
  async ended(): Promise<Buffer> {
    while (!this.#ended) await this.#change()
    return Buffer.concat(this.#received)
  }

  close(): void {
    this.socket.destroy()
  }

  /** The next thing that happens on the socket; rejects when nothing ever does. */
  #change(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('The server neither answered nor closed')), patienceMs)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** Strings are taken as one byte per character, so that any byte can be written. */
export function toBytes(bytes: Buffer | string): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
}

interface ParsedResponse {
  readonly response: RawResponse
  readonly endBytes: number
}

/** The first response in the bytes, or how many bytes there must be before it is worth looking again. */
function parseResponse(
  bytes: Buffer,
  { head, ended }: { head: boolean; ended: boolean },
): ParsedResponse | number {
  const headBytes = bytes.indexOf(headEnd)
  if (headBytes < 0) return bytes.length + 1
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headBytes).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1])
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon), line.slice(colon + 2)]
  })
  const bodyStart = headBytes + headEnd.length
  const rest = bytes.subarray(bodyStart)
  const parts = { status, headers, body: Buffer.alloc(0) }
  if (head || status < 200 || status === 204 || status === 304)
    return { response: parts, endBytes: bodyStart }
  if (headerOf(parts, 'transfer-encoding') === 'chunked') return parseChunked(parts, bytes, bodyStart)
  const length = headerOf(parts, 'content-length')
  if (length === undefined && !ended) return bytes.length + 1
  const lengthBytes = length === undefined ? rest.length : Number(length)
  if (rest.length < lengthBytes) return bodyStart + lengthBytes
  const body = rest.subarray(0, lengthBytes)
  return { response: { ...parts, body }, endBytes: bodyStart + lengthBytes }
}

function parseChunked(parts: RawResponse, bytes: Buffer, bodyStart: number): ParsedResponse | number {
  const chunks: Buffer[] = []
  let at = bodyStart
  while (true) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return bytes.length + 1
    const lengthBytes = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const end = lineEnd + 2 + lengthBytes + 2
    if (bytes.length < end) return end
    if (lengthBytes === 0) return { response: { ...parts, body: Buffer.concat(chunks) }, endBytes: end }
    chunks.push(bytes.subarray(lineEnd + 2, end - 2))
    at = end
  }
}

/** Sends one request on a connection of its own and gives the answer. Throws when there is none. */
export async function requestOnce(
  port: number,
  bytes: Buffer | string,
  { head = false } = {},
): Promise<RawResponse> {
  const connection = await RawConnection.open(port)
  try {
    connection.write(bytes)
    const response = await connection.read({ head })
    if (response === undefined) throw new Error('The server closed the connection without an answer')
    return response
  } finally {
    connection.close()
  }
}
