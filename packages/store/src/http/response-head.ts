// The headers of a blob's response, the same in both lanes.
import type { BlobInfo } from '../blob-info.js'

export const defaultContentType = 'application/octet-stream'
const datesMax = 4096

/** What every answer about a present blob says of it. */
export function blobHeaders(info: BlobInfo): Record<string, string> {
  return {
    'Content-Type': info.contentType ?? defaultContentType,
    ETag: info.etag,
    'Last-Modified': new Date(info.modifiedAtMs).toUTCString(),
    'Accept-Ranges': 'bytes',
    'X-Content-Type-Options': 'nosniff',
  }
}

/** Formats dates (RFC 9110, 5.6.7), remembering the latest few thousand seconds: blobs are uploaded in runs. */
export class DateFormatter {
  readonly #texts = new Map<number, string>()

  format(timeMs: number): string {
    const second = Math.floor(timeMs / 1000)
    const present = this.#texts.get(second)
    if (present !== undefined) return present
    if (this.#texts.size >= datesMax) this.#texts.clear()
    const text = new Date(second * 1000).toUTCString()
    this.#texts.set(second, text)
    return text
  }
}
