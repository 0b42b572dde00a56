// @ts-check
// `npm run real-images`: thousands of real images into a store through its command line, every one back over HTTP,
// compared byte by byte. Nothing is installed; what is downloaded stays in tools/.cache/real-images.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { say, sayError, step } from '../setup/console.mjs'
import { SetupError } from '../setup/setup-error.mjs'
import { fetchAll, listFiles } from './fetch-all.mjs'
import { makeJpegs } from './make-jpegs.mjs'
import { backpack, serve } from './store-process.mjs'
import { unpackPackages } from './unpack-packages.mjs'

const mebibyte = 1024 * 1024

try {
  const packages = await unpackPackages()
  const trees = { png: packages.images, jpeg: await makeJpegs(packages) }
  const work = mkdtempSync(join(tmpdir(), 'backpack-real-images-'))
  try {
    await roundTrip(join(work, 'store'), trees)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  say('Every image came back as it was.')
} catch (error) {
  sayError(error)
  process.exitCode = 1
}

/**
 * @param {string} directory the store's, not there yet
 * @param {Record<string, string>} trees folders of images by the prefix of their names
 */
async function roundTrip(directory, trees) {
  const files = Object.entries(trees).flatMap(([prefix, folder]) => listFiles(folder, `${prefix}/`))
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  say(`• ${files.length} images, ${(bytes / mebibyte).toFixed(1)} MiB`)
  const importMs = await timed('Importing them with `backpack import`', async () => {
    for (const [prefix, folder] of Object.entries(trees)) {
      await backpack(['import', folder, directory, '--prefix', `${prefix}/`])
    }
  })
  say(`  ${rate(files.length, bytes, importMs)}`)
  await step('Importing them again, which must find all of them there', async () => {
    for (const [prefix, folder] of Object.entries(trees)) {
      const summary = JSON.parse(
        await backpack(['import', folder, directory, '--prefix', `${prefix}/`, '--json']),
      )
      if (summary.counts.imported > 0) {
        throw new SetupError(`${summary.counts.imported} images were imported twice.`, 'This is a bug.')
      }
    }
  })
  const server = await serve(directory)
  try {
    for (const pass of ['first', 'second']) {
      const fetchMs = await timed(`Fetching every one over HTTP, ${pass} time`, () =>
        fetchAll(server.url, files),
      )
      say(`  ${rate(files.length, bytes, fetchMs)}`)
    }
  } finally {
    await server.stop()
  }
  await step('Checking the store with `backpack check`', () => backpack(['check', directory]))
}

/** @param {string} title @param {() => Promise<void>} work */
async function timed(title, work) {
  const startedAtMs = performance.now()
  await step(title, work)
  return performance.now() - startedAtMs
}

/** @param {number} count @param {number} bytes @param {number} tookMs */
function rate(count, bytes, tookMs) {
  const perSecond = 1000 / tookMs
  return `${count} images, ${Math.round(count * perSecond)} images/s, ${((bytes / mebibyte) * perSecond).toFixed(1)} MiB/s`
}
