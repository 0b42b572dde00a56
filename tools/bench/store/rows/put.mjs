// PUT of new blobs: without waiting for the disk against nginx WebDAV, and with syncs against one sync per PUT.
import { rmSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blobBytes, runStride } from '../blobs.mjs'
import { spotCheck } from '../load/fill.mjs'
import { interleave } from '../measure/interleave.mjs'
import { syncDisks } from '../measure/memory.mjs'
import { measureLoad } from '../measure/run-load.mjs'
import { compare } from '../report/row.mjs'
import { startBackpack } from '../servers/backpack.mjs'
import { makeFolders } from '../servers/file-tree.mjs'
import { startNginx } from '../servers/nginx.mjs'

const osConnections = 16
const syncConnections = 64
const bodyBufferKiB = 32
const checksPerRun = 20

/** @type {import('../report/row.mjs').Row[]} */
export const putRows = [
  { key: 'put', programs: ['wrk', 'nginx'], measure: measureAgainstNginx },
  { key: 'sync', programs: ['wrk'], measure: measureGroupCommit },
]

async function measureAgainstNginx(context) {
  const folders = freshFolders(context, ['put-store', 'put-files'])
  const [data, root] = folders
  makeFolders(root)
  const servers = [
    await startBackpack({ data, durability: 'os' }),
    await startNginx({ work: context.work, root, put: { bufferKiB: bodyBufferKiB } }),
  ]
  try {
    const [ours, theirs] = await measurePuts(context, servers, osConnections)
    const notes = [`${osConnections} connections; folders made before, nothing ever deleted`]
    const against = `WebDAV, client_body_temp_path with levels, ${servers[1].label}`
    return [
      compare(
        {
          key: 'put',
          work: 'PUT --durability os, CPU per request',
          unit: 'µs CPU',
          field: 'cpuUs',
          goal: { most: 0.7 },
        },
        { ours, theirs, against, notes },
      ),
      compare(
        { key: 'put', work: 'PUT --durability os, requests/s', unit: 'per s', field: 'perSecond' },
        { ours, theirs, against: 'the same nginx' },
      ),
    ]
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    removeFolders(folders)
  }
}

async function measureGroupCommit(context) {
  const folders = freshFolders(context, ['sync-store', 'sync-single'])
  const [data, single] = folders
  const servers = [await startBackpack({ data }), await startBackpack({ data: single, batchBlobsMax: 1 })]
  try {
    const [ours, theirs] = await measurePuts(context, servers, syncConnections)
    const against = 'the same with one fdatasync per PUT (--batch-blobs-max 1)'
    const notes = [`${syncConnections} connections`]
    return [
      compare(
        {
          key: 'sync',
          work: 'PUT --durability sync, requests/s',
          unit: 'per s',
          field: 'perSecond',
          goal: { least: 2 },
        },
        { ours, theirs, against, notes },
      ),
      compare(
        { key: 'sync', work: 'PUT --durability sync, CPU per request', unit: 'µs CPU', field: 'cpuUs' },
        { ours, theirs, against: 'the same' },
      ),
    ]
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    removeFolders(folders)
  }
}

/** One warming round, then the rounds that count; every run PUTs names of its own. */
async function measurePuts(context, servers, connections) {
  const poolPath = join(context.work, 'bodies')
  writeFileSync(poolPath, Buffer.concat(context.pool))
  let runsStarted = 0
  const contenders = servers.map((server) => ({ key: server.port, server }))
  const measure = async ({ server }) => {
    let first = 0
    const run = await measureLoad({
      server,
      load: { script: 'wrk-put.lua', connections, threads: 1, seconds: context.seconds },
      folder: context.work,
      say: context.say,
      prepare: () => {
        syncDisks()
        first = ++runsStarted * runStride
        return { args: [first, poolPath, blobBytes] }
      },
    })
    const { port } = server
    // wrk asks its script for one request more than it sends, the first; the last ones may be unanswered.
    const stored = { first: first + 1, count: run.requests - connections - 1 }
    await spotCheck({ port, pool: context.pool, ...stored, checks: checksPerRun })
    return run
  }
  const runs = await interleave({ contenders, rounds: context.runs + 1, measure })
  return contenders.map(({ key }) => runs.get(key).slice(1))
}

function freshFolders({ work }, names) {
  const folders = names.map((name) => join(work, name))
  removeFolders(folders)
  for (const folder of folders) mkdirSync(folder)
  return folders
}

function removeFolders(folders) {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}
