export { isSignatureOf, signText } from './hmac.js'
export {
  parseSecret,
  readSecret,
  secretBytesMax,
  secretBytesMin,
  SecretError,
  type SecretSource,
} from './read-secret.js'
export { readRegularFile, reasonOfUnread } from './read-regular-file.js'
export { Secret, secretMask } from './secret.js'
export { formEncode, signedText, type SignedParts } from './signed-text.js'
export {
  checkDaemonSignature,
  type DaemonRequest,
  type SignatureCheck,
  signatureWindowMs,
  signDaemonRequest,
  daemonSignatureHeader,
} from './daemon-signature.js'
