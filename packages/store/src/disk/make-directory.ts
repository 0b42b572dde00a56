import fs from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { DiskFiles } from './disk-files.js'

/**
 * Makes the directory and its parents where they are missing; on return they survive a power cut. Goes up by itself:
 * the recursive mkdir of Node never returns on a file system that holds no directories of ours, such as /proc.
 */
export async function makeDirectory(path: string, files: DiskFiles): Promise<void> {
  const parent = dirname(resolve(path))
  try {
    await fs.mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await isDirectory(path))) return
    if (code !== 'ENOENT' || (await isDirectory(parent))) throw error
    await makeDirectory(parent, files)
    await fs.mkdir(path)
  }
  await files.syncDirectory(parent)
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await fs.stat(path).catch(() => undefined)
  return found?.isDirectory() === true
}
