// The same blobs in each system: filled once per work folder, and again only when a fill was cut short.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blobBytes } from './blobs.mjs'
import { fillOverHttp, spotCheck } from './load/fill.mjs'
import { syncDisks } from './measure/memory.mjs'
import { startBackpack } from './servers/backpack.mjs'
import { writeFileTree } from './servers/file-tree.mjs'
import { startOriginal } from './servers/original.mjs'

/** The 2013 package closes a data file for writing past 3,500 MiB. */
const originalFileBytes = 3500 * 2 ** 20

/** A store with blobs 0 … blobs − 1, in about that order; returns its directory. */
export function storeDirectory(context) {
  return prepareOnce(context, 'store', async (data) => {
    const server = await startBackpack({ data, durability: 'os' })
    await fillAndStop(context, server)
  })
}

/** The same blobs as files xx/yy/name; returns their root. */
export function fileTree(context) {
  return prepareOnce(context, 'files', (root) =>
    writeFileTree({ root, pool: context.pool, count: context.blobs }),
  )
}

/** The same blobs in a data directory of 2013; returns what startOriginal() needs. */
export async function originalDirectory(context) {
  const settings = {
    work: context.work,
    dataFiles: Math.ceil((context.blobs * blobBytes * 1.05) / originalFileBytes),
  }
  const data = await prepareOnce(context, 'original', async (path) => {
    const server = await startOriginal({ ...settings, data: path })
    await fillOverHttp({ port: server.port, pool: context.pool, count: context.blobs })
    await spotCheck({ port: server.port, pool: context.pool, count: context.blobs })
    await server.save()
    await server.stop()
  })
  return { ...settings, data }
}

async function fillAndStop({ pool, blobs }, server) {
  try {
    await fillOverHttp({ port: server.port, pool, count: blobs })
    await spotCheck({ port: server.port, pool, count: blobs })
  } finally {
    await server.stop()
  }
}

async function prepareOnce({ work, blobs, say }, kind, fill) {
  const path = join(work, `${kind}-${blobs}`)
  const complete = `${path}.complete`
  if (existsSync(complete)) return path
  say(`• Filling ${kind} with ${blobs} blobs of ${blobBytes} bytes`)
  const startedAtMs = performance.now()
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
  await fill(path)
  syncDisks()
  writeFileSync(complete, '')
  say(`  done in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`)
  return path
}
