// The files that nginx serves: xx/yy/name, written straight to disk (quicker than through PUT, same result).
import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { blobBody, blobName, folderCount } from '../blobs.mjs'

const writersMax = 8

/** Makes all xx/yy/ folders below `root`, so that no PUT pays for them. */
export function makeFolders(root) {
  for (let number = 0; number < folderCount; number++)
    mkdirSync(join(root, dirname(blobName(number))), { recursive: true })
}

/** Writes blobs 0 … count − 1 below `root`. */
export async function writeFileTree({ root, pool, count }) {
  makeFolders(root)
  let next = 0
  await Promise.all(
    Array.from({ length: writersMax }, async () => {
      while (next < count) {
        const number = next++
        await writeFile(join(root, blobName(number)), blobBody(pool, number))
      }
    }),
  )
}
