// Whether one path lies inside another, links resolved.
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'

/** `path` need not exist yet; `folder` is a real path. A folder is inside itself. */
export async function isInside(path: string, folder: string): Promise<boolean> {
  const below = relative(folder, await realPathOf(resolve(path)))
  return below === '' || (below !== '..' && !below.startsWith(`..${sep}`))
}

/** Of what does not exist, its nearest folder that does counts. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    return join(await realPathOf(dirname(path)), basename(path))
  }
}
