// Writes the head of a blob's response right in front of its data, over the needle's own prefix, so that head and
// data leave in one write without being copied together. Heads of one content type differ in a few fields of fixed
// width, so they are copied from a template and patched: building a string costs several times that.
import { STATUS_CODES } from 'node:http'
import type { NeedleHeader } from '../needle/needle-format.js'
import { needleHeaderBytes } from '../needle/needle-format.js'
import type { Refusal } from './answer-codes.js'
import { DateFormatter, defaultContentType } from './response-head.js'

/** Room for a head in front of a needle: fixed text, a content type of at most 255 bytes, and to spare. */
export const headRoomBytes = 1024
/** Content types are clients' text: only so many are remembered. */
const templatesMax = 256
const etagHolder = '0000000000000000-00000000'
const dateHolder = 'Thu, 01 Jan 1970 00:00:00 GMT'
const hexDigits = Buffer.from('0123456789abcdef', 'latin1')

interface Template {
  readonly bytes: Buffer
  readonly etagAt: number
  readonly modifiedAt: number
  readonly dateAt: number
  dateSecond: number
}

export class LaneResponse {
  readonly #dates = new DateFormatter()
  readonly #keepAliveSeconds: number
  readonly #templates = new Map<string, Template>()
  readonly #default: Template
  #latest: { readonly type: Buffer; readonly template: Template }

  constructor(keepAliveMs: number) {
    this.#keepAliveSeconds = Math.floor(keepAliveMs / 1000)
    this.#default = this.#makeTemplate(defaultContentType)
    this.#latest = { type: Buffer.from(defaultContentType), template: this.#default }
  }

  /**
   * Writes the head so that it ends where the data begins; returns where it begins. `bytes` holds the needle at `at`,
   * with at least headRoomBytes in front of it.
   */
  writeHead(bytes: Buffer, at: number, header: NeedleHeader): number {
    const typeStart = at + needleHeaderBytes + header.nameLength
    const template = this.#templateFor(bytes, typeStart, header.contentTypeLength)
    const { versionHigh, versionLow, dataChecksum } = header
    const length = `${header.dataLength}\r\n\r\n`
    const start = at + header.prefixBytes - length.length - template.bytes.length
    bytes.set(this.#dated(template).bytes, start)
    const etag = start + template.etagAt
    writeHex(bytes, etag, versionHigh)
    writeHex(bytes, etag + 8, versionLow)
    writeHex(bytes, etag + 17, dataChecksum)
    const modifiedAtMs = versionHigh * 65536 + (versionLow >>> 16)
    bytes.write(this.#dates.format(modifiedAtMs), start + template.modifiedAt, 'latin1')
    bytes.write(length, start + template.bytes.length, 'latin1')
    return start
  }

  /** The answer to a PUT that was stored. */
  created(etag: string): Buffer {
    const text =
      `HTTP/1.1 201 Created\r\nETag: ${etag}\r\nContent-Length: 0\r\nDate: ${this.#dates.format(Date.now())}` +
      `\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${this.#keepAliveSeconds}\r\n\r\n`
    return Buffer.from(text, 'latin1')
  }

  /** The answer to a PUT that was not. */
  refused({ status, code, error, retryAfterSeconds }: Refusal): Buffer {
    const body = JSON.stringify({ error, code })
    const retry = retryAfterSeconds === undefined ? '' : `Retry-After: ${retryAfterSeconds}\r\n`
    const text =
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${retry}Content-Type: application/json; charset=utf-8` +
      `\r\nContent-Length: ${Buffer.byteLength(body)}\r\nDate: ${this.#dates.format(Date.now())}` +
      `\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${this.#keepAliveSeconds}\r\n\r\n${body}`
    return Buffer.from(text, 'utf8')
  }

  /** Most blobs have the type of the one before, and comparing is quicker than making a string. */
  #templateFor(bytes: Buffer, start: number, length: number): Template {
    if (length === 0) return this.#default
    const { type, template: latest } = this.#latest
    if (length === type.length && startsWith(bytes, start, type)) return latest
    const contentType = bytes.toString('latin1', start, start + length)
    const template = this.#templates.get(contentType) ?? this.#makeTemplate(contentType)
    this.#latest = { type: Buffer.from(contentType, 'latin1'), template }
    return template
  }

  #dated(template: Template): Template {
    const second = Math.floor(Date.now() / 1000)
    if (second !== template.dateSecond) {
      template.dateSecond = second
      template.bytes.write(new Date(second * 1000).toUTCString(), template.dateAt, 'latin1')
    }
    return template
  }

  #makeTemplate(contentType: string): Template {
    const text =
      `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nAccept-Ranges: bytes\r\nX-Content-Type-Options: nosniff` +
      `\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${this.#keepAliveSeconds}\r\nETag: "${etagHolder}"` +
      `\r\nDate: ${dateHolder}\r\nLast-Modified: ${dateHolder}\r\nContent-Length: `
    const template = {
      bytes: Buffer.from(text, 'latin1'),
      etagAt: text.lastIndexOf(etagHolder),
      modifiedAt: text.lastIndexOf(dateHolder),
      dateAt: text.lastIndexOf(dateHolder, text.lastIndexOf(dateHolder) - 1),
      dateSecond: 0,
    }
    if (this.#templates.size >= templatesMax) this.#templates.clear()
    this.#templates.set(contentType, template)
    return template
  }
}

function startsWith(bytes: Buffer, start: number, text: Buffer): boolean {
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text[at]) return false
  return true
}

/** Eight hex digits; Number.toString(16) goes through floating point and costs as much as the rest of the head. */
function writeHex(bytes: Buffer, at: number, value: number): void {
  for (let digit = 0; digit < 8; digit++) {
    bytes[at + digit] = hexDigits[(value >>> (28 - 4 * digit)) & 15] as number
  }
}
