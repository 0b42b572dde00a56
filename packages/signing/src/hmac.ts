// HMAC-SHA512 in lower-case hex, and comparing without telling by time how much was right.
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Secret } from './secret.js'

const signaturePattern = /^[0-9a-f]{128}$/i
/** Making a key of its text costs as much as signing with it. */
const keys = new WeakMap<Secret, KeyObject>()

/** 128 lower-case hex digits. */
export function signText(key: Secret, text: string): string {
  return createHmac('sha512', keyOf(key)).update(text).digest('hex')
}

/** Whether `signature`, 128 hex digits, is that of the text. Takes as long for a wrong one as for the right one. */
export function isSignatureOf(key: Secret, text: string, signature: string): boolean {
  if (!signaturePattern.test(signature)) return false
  const right = Buffer.from(signText(key, text), 'latin1')
  return timingSafeEqual(right, Buffer.from(signature.toLowerCase(), 'latin1'))
}

function keyOf(secret: Secret): KeyObject {
  let key = keys.get(secret)
  if (key === undefined) {
    key = createSecretKey(Buffer.from(secret.reveal()))
    keys.set(secret, key)
  }
  return key
}
