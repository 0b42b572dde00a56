// The blobs of the benchmark: names hashed into xx/yy/ folders and reproducible pseudo-random bodies.
// The wrk scripts in load/ compute the same names from the same numbers.
import { createCipheriv } from 'node:crypto'

export const blobBytes = 20_480
export const bodyPoolSize = 256
export const folderCount = 65_536

/** Numbers of runs start this far apart, so that no two runs PUT the same name. */
export const runStride = 1_000_000

/** Odd multiplier: consecutive numbers visit every folder once before one comes twice. */
const folderMultiplier = 40_503

/** Name of blob `number`, such as `9e/37/u00000001.jpg` (19 bytes). */
export function blobName(number) {
  const folder = ((number * folderMultiplier) % folderCount).toString(16).padStart(4, '0')
  return `${folder.slice(0, 2)}/${folder.slice(2)}/u${String(number).padStart(8, '0')}.jpg`
}

/** Pool of pseudo-random bodies, the same in every run. */
export function makeBodyPool() {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  return Array.from({ length: bodyPoolSize }, () => cipher.update(Buffer.alloc(blobBytes)))
}

/** Body of blob `number`: a body of the pool that begins with the blob's own name, so that a mix-up shows. */
export function blobBody(pool, number) {
  const body = Buffer.from(pool[number % bodyPoolSize])
  body.write(blobName(number), 0, 'latin1')
  return body
}
