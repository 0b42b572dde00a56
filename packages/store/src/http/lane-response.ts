// Writes the head of a blob's response right in front of its data, over the needle's own prefix, so that head and
// data leave in one write without being copied together.
import type { NeedleHeader } from '../needle/needle-format.js'
import { needleHeaderBytes } from '../needle/needle-format.js'
import { DateFormatter, defaultContentType } from './response-head.js'

/** Room for a head in front of a needle: fixed text, a content type of at most 255 bytes, and to spare. */
export const headRoomBytes = 1024

export class LaneResponse {
  readonly #dates = new DateFormatter()
  readonly #keepAlive: string
  #nowSecond = 0
  #nowText = ''

  constructor(keepAliveMs: number) {
    this.#keepAlive = `\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n\r\n`
  }

  /**
   * Writes the head so that it ends where the data begins; returns where it begins. `bytes` holds the needle at `at`,
   * with at least headRoomBytes in front of it.
   */
  writeHead(bytes: Buffer, at: number, header: NeedleHeader): number {
    const typeStart = at + needleHeaderBytes + header.nameLength
    const contentType =
      header.contentTypeLength === 0
        ? defaultContentType
        : bytes.toString('latin1', typeStart, typeStart + header.contentTypeLength)
    const { versionHigh, versionLow, dataChecksum } = header
    const modifiedAtMs = versionHigh * 65536 + (versionLow >>> 16)
    const head =
      `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nETag: "${hex8(versionHigh)}${hex8(versionLow)}-${hex8(dataChecksum)}"` +
      `\r\nLast-Modified: ${this.#dates.format(modifiedAtMs)}\r\nAccept-Ranges: bytes\r\nX-Content-Type-Options: nosniff` +
      `\r\nContent-Length: ${header.dataLength}\r\nDate: ${this.#now()}${this.#keepAlive}`
    const start = at + header.prefixBytes - head.length
    bytes.write(head, start, 'latin1')
    return start
  }

  #now(): string {
    const nowMs = Date.now()
    const second = Math.floor(nowMs / 1000)
    if (second !== this.#nowSecond) {
      this.#nowSecond = second
      this.#nowText = new Date(nowMs).toUTCString()
    }
    return this.#nowText
  }
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Number.toString(16) goes through floating point and costs as much as the rest of the head together. */
function hex8(value: number): string {
  return (
    (hexOfByte[value >>> 24] as string) +
    (hexOfByte[(value >>> 16) & 0xff] as string) +
    (hexOfByte[(value >>> 8) & 0xff] as string) +
    (hexOfByte[value & 0xff] as string)
  )
}
