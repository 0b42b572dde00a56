// One HTTP request with its target exactly as given, and the whole answer.
import { type IncomingHttpHeaders, request as httpRequest } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

/** Rejects when the connection ends before the answer is whole. */
export function send(
  port: number,
  method: string,
  target: string,
  { headers = {}, body }: RequestOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
    const client = httpRequest(
      { port, host: '127.0.0.1', method, path: target, headers: { ...length, ...headers }, agent: false },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) })
        })
      },
    )
    client.on('error', reject)
    client.end(body)
  })
}

export function jsonOf<Shape = Record<string, unknown>>({ body }: Answer): Shape {
  return JSON.parse(body.toString()) as Shape
}

/** Bytes that differ from place to place. */
export function patternBytes(sizeBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * 7 + (at >> 8)) % 251
  return bytes
}
