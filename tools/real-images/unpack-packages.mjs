// @ts-check
// Debian packages as folders: downloaded and unpacked, not installed, which needs no rights.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, run, workspaceRoot } from '../setup/commands.mjs'
import { say, step } from '../setup/console.mjs'
import { SetupError } from '../setup/setup-error.mjs'

export const cacheFolder = join(workspaceRoot, 'tools', '.cache', 'real-images')

/** The images, and programs to make JPEGs of them with the libraries that these need. */
const packageNames = [
  'openclipart-png',
  'netpbm',
  'libnetpbm11',
  'libpng16-16',
  'libjpeg-turbo-progs',
  'libjpeg62-turbo',
]

/**
 * @typedef {object} Packages
 * @property {string} images the folder of PNG files
 * @property {string} programs a folder for PATH
 * @property {string} libraries a folder for LD_LIBRARY_PATH
 *
 * @returns {Promise<Packages>}
 */
export async function unpackPackages() {
  const root = join(cacheFolder, 'root')
  if (existsSync(root)) say(`• ${packageNames[0]} is unpacked in ${root}`)
  else await download(root)
  const libraries = readdirSync(join(root, 'usr', 'lib')).find((name) => name.includes('-linux-'))
  return {
    images: join(root, 'usr', 'share', 'openclipart', 'png'),
    programs: join(root, 'usr', 'bin'),
    libraries: join(root, 'usr', 'lib', libraries ?? ''),
  }
}

/** @param {string} root */
async function download(root) {
  for (const program of ['apt-get', 'dpkg-deb']) {
    if (findProgram(program) !== undefined) continue
    throw new SetupError(
      `\`${program}\` is missing: the images come as Debian packages.`,
      'Run this on Debian.',
    )
  }
  const downloads = join(cacheFolder, 'download')
  const partial = `${root}.partial`
  rmSync(downloads, { recursive: true, force: true })
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(downloads, { recursive: true })
  await step(`Downloading Debian's ${packageNames.join(', ')} (135 MB)`, async () => {
    const { exitCode, output } = await run('apt-get', ['download', ...packageNames], { cwd: downloads })
    if (exitCode === 0) return
    process.stderr.write(output)
    throw new SetupError(
      'The packages could not be downloaded; apt-get says why above.',
      'If it has no package lists yet: `sudo apt-get update`, then run this again.',
    )
  })
  await step(`Unpacking them into ${root}`, async () => {
    for (const name of readdirSync(downloads)) {
      const { exitCode, output } = await run('dpkg-deb', ['-x', join(downloads, name), partial])
      if (exitCode !== 0) throw new SetupError(`${name} could not be unpacked.`, output)
    }
    renameSync(partial, root)
    rmSync(downloads, { recursive: true })
  })
}
