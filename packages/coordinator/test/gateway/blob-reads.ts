// Blobs in the stores of a gateway, and reads of them.
import { expect } from 'vitest'
import { type Answer, patternBytes, send } from '../helpers/http-request.js'
import type { SmallGateway } from './small-gateway.js'

export const name = 'a b/c?d%2F.jpg'
export const target = '/get/1/a%20b/c%3Fd%252F.jpg'
export const bytes = patternBytes(1_000)

export interface BlobToPut {
  readonly key?: string
  readonly data?: Buffer
  /** '': none. */
  readonly contentType?: string
}

export async function withBlob(
  gateway: SmallGateway,
  { key = name, data = bytes, contentType = 'image/jpeg' }: BlobToPut = {},
) {
  for (const node of gateway.nodes.values()) {
    await node.store.put(key, data, { contentType, version: 0x018b_cfe5_6800_0001n })
  }
}

export const get = ({ gatewayPort }: SmallGateway, path: string, headers: Record<string, string> = {}) =>
  send(gatewayPort, 'GET', path, { headers })
export const head = ({ gatewayPort }: SmallGateway, path: string, headers: Record<string, string> = {}) =>
  send(gatewayPort, 'HEAD', path, { headers })

/** What a Content-Range says. */
export function slice(contentRange: string, data = bytes): Buffer {
  const [, start, end] = /(\d+)-(\d+)/.exec(contentRange) ?? []
  return data.subarray(Number(start), Number(end) + 1)
}

/** The parts of a multipart/byteranges body: what each says of itself, and its bytes. */
export function partsOf({ headers, body }: Answer): { type: string; range: string; data: Buffer }[] {
  const boundary = /^multipart\/byteranges; boundary=([0-9a-f]{32})$/.exec(headers['content-type'] ?? '')?.[1]
  const text = body.toString('latin1')
  expect(text.startsWith(`--${boundary}\r\n`)).toBe(true)
  expect(text.endsWith(`\r\n--${boundary}--\r\n`)).toBe(true)
  return `\r\n${text}`
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const end = part.indexOf('\r\n\r\n')
      const [, type = '', range = ''] =
        /^\r\nContent-Type: (.*)\r\nContent-Range: (.*)$/.exec(part.slice(0, end)) ?? []
      return { type, range, data: Buffer.from(part.slice(end + 4), 'latin1') }
    })
}
