import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes the directory and its parents where they are missing. Goes up by itself: the recursive mkdir of Node never
 * returns on a file system that holds no directories of ours, such as /proc.
 */
export async function makeDirectory(path: string): Promise<void> {
  const parent = dirname(resolve(path))
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await isDirectory(path))) return
    if (code !== 'ENOENT' || (await isDirectory(parent))) throw error
    await makeDirectory(parent)
    await makeDirectory(path)
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true
}
