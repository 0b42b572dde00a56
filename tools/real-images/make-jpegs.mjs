// @ts-check
// JPEGs of the size of photos, 20 to 200 KB, made of the PNG files.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { run } from '../setup/commands.mjs'
import { say, step } from '../setup/console.mjs'
import { SetupError } from '../setup/setup-error.mjs'
import { listFiles } from './fetch-all.mjs'
import { cacheFolder } from './unpack-packages.mjs'

const jpegs = 2_000
const sizeBytesMin = 20 * 1024
const sizeBytesMax = 200 * 1024

/** $1 is the PNG, $2 the JPEG. */
const convert =
  'pngtopam -quiet -mix -background=white "$1" | pamscale -quiet -xyfit 1600 1200 | cjpeg -quality 85 -outfile "$2"'

/**
 * The folder of JPEGs, made at the first call.
 *
 * @param {import('./unpack-packages.mjs').Packages} packages
 */
export async function makeJpegs({ images, programs, libraries }) {
  const folder = join(cacheFolder, 'jpeg')
  if (existsSync(folder)) {
    say(`• ${listFiles(folder, '').length} JPEGs are in ${folder}`)
    return folder
  }
  const partial = `${folder}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  const env = {
    PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`,
    LD_LIBRARY_PATH: libraries,
  }
  const sources = shuffle(listFiles(images, ''))
  let made = 0
  const work = async () => {
    for (let source = sources.pop(); source !== undefined && made < jpegs; source = sources.pop()) {
      const path = join(partial, source.name.replaceAll('/', '-').replace(/\.png$/, '.jpg'))
      const { exitCode } = await run('sh', ['-c', convert, 'sh', source.path, path], { env })
      const sizeBytes = exitCode === 0 ? statSync(path).size : 0
      if (sizeBytes >= sizeBytesMin && sizeBytes <= sizeBytesMax) made++
      else rmSync(path, { force: true })
    }
  }
  await step(`Making ${jpegs} JPEGs of 20 to 200 KB (some minutes)`, async () => {
    await Promise.all(Array.from({ length: availableParallelism() }, work))
    if (made < jpegs)
      throw new SetupError(`Only ${made} of ${jpegs} JPEGs could be made.`, `Remove ${cacheFolder}`)
    renameSync(partial, folder)
  })
  return folder
}

/**
 * In an order that has nothing to do with folders, the same in every run.
 *
 * @template {{ name: string }} T
 * @param {T[]} files
 */
function shuffle(files) {
  const rank = (/** @type {T} */ { name }) => createHash('sha256').update(name).digest('hex')
  return files
    .map((file) => ({ file, rank: rank(file) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ file }) => file)
}
