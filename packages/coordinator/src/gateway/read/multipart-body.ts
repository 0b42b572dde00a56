// The frame of a multipart/byteranges body (RFC 9110, section 14.6): what stands before each part and behind the last,
// and how long all of it is. Pure but for the boundary.
import { randomBytes } from 'node:crypto'
import type { ByteRange } from './byte-ranges.js'

export interface MultipartFrame {
  readonly contentType: string
  readonly parts: readonly { readonly range: ByteRange /** Stands before it. */; readonly head: Buffer }[]
  readonly tail: Buffer
  /** Of the frame and the data together. */
  readonly lengthBytes: number
}

/** Random: data that holds it could not be told from the frame. */
export function newBoundary(): string {
  return randomBytes(16).toString('hex')
}

export function frameMultipart(
  ranges: readonly ByteRange[],
  { sizeBytes, contentType, boundary }: { sizeBytes: number; contentType: string; boundary: string },
): MultipartFrame {
  const parts = ranges.map((range, at) => {
    const lines = [
      ...(at === 0 ? [] : ['']),
      `--${boundary}`,
      `Content-Type: ${contentType}`,
      `Content-Range: bytes ${range.start}-${range.end}/${sizeBytes}`,
      '',
      '',
    ]
    return { range, head: Buffer.from(lines.join('\r\n'), 'latin1') }
  })
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  const partBytes = parts.map(({ range, head }) => head.length + range.end - range.start + 1)
  const lengthBytes = partBytes.reduce((sum, bytes) => sum + bytes, tail.length)
  return { contentType: `multipart/byteranges; boundary=${boundary}`, parts, tail, lengthBytes }
}
