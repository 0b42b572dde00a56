// HMAC-SHA512 in lower-case hex, and comparing without telling by time how much was right.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from './secret.js'

const signaturePattern = /^[0-9a-f]{128}$/i

/** 128 lower-case hex digits. */
export function signText(key: Secret, text: string): string {
  return createHmac('sha512', key.reveal()).update(text).digest('hex')
}

/** Whether `signature`, 128 hex digits, is that of the text. Takes as long for a wrong one as for the right one. */
export function isSignatureOf(key: Secret, text: string, signature: string): boolean {
  if (!signaturePattern.test(signature)) return false
  const right = createHmac('sha512', key.reveal()).update(text).digest()
  return timingSafeEqual(right, Buffer.from(signature, 'hex'))
}
