// Names and locations as the 2013 store wrote them. Pure.
import { isUtf8 } from 'node:buffer'

const locationPattern = /^(\d{1,9}):(\d{1,10}):(\d{1,10})$/

/** Where a blob stands in the data files. */
export interface Location2013 {
  readonly fileId: number
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/**
 * The name of a raw request target, which 2013 never decoded: percent-decoded once, as the daemon does. Undefined when
 * that gives no text.
 */
export function decodeRawName(raw: Buffer): string | undefined {
  if (!isUtf8(raw)) return undefined
  const text = raw.toString('utf8')
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Of a Redis value `file:offset:length`; undefined when it is none. */
export function parseLocation(value: string): Location2013 | undefined {
  const [, fileId, offsetBytes, lengthBytes] = locationPattern.exec(value) ?? []
  if (fileId === undefined) return undefined
  return { fileId: Number(fileId), offsetBytes: Number(offsetBytes), lengthBytes: Number(lengthBytes) }
}

/** Whether `a` was stored later: data files are filled one after the other, each from front to back. */
export function isLater(a: Location2013, b: Location2013): boolean {
  return a.fileId === b.fileId ? a.offsetBytes > b.offsetBytes : a.fileId > b.fileId
}

export function formatLocation({ fileId, offsetBytes, lengthBytes }: Location2013): string {
  return `data_${fileId}, ${lengthBytes} bytes at ${offsetBytes}`
}
