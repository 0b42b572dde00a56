// Hot GET: every blob in memory, names at random. Against nginx with one worker, and against the 2013 package.
import { blobBytes } from '../blobs.mjs'
import { fileTree, originalDirectory, storeDirectory } from '../data-sets.mjs'
import { warmAll } from '../load/fill.mjs'
import { interleave, medianOf } from '../measure/interleave.mjs'
import { holdInMemory, listFiles } from '../measure/lock-pages.mjs'
import { measureLoad } from '../measure/run-load.mjs'
import { compare } from '../report/row.mjs'
import { startBackpack } from '../servers/backpack.mjs'
import { openFilesMax, startNginx } from '../servers/nginx.mjs'
import { startOriginal } from '../servers/original.mjs'

const connections = 16
const trialSeconds = 3
const trialRounds = 1

/** @type {import('../report/row.mjs').Row[]} */
export const hotRows = [
  { key: 'hot', programs: ['wrk', 'nginx', 'vmtouch'], measure: measureAgainstNginx },
  { key: 'original', programs: ['wrk', 'redis-server', 'vmtouch'], measure: measureAgainstOriginal },
]

async function measureAgainstNginx(context) {
  const data = await storeDirectory(context)
  const root = await fileTree(context)
  const memory = await holdInMemory({ work: context.work, files: [...volumesOf(data), ...listFiles(root)] })
  const settings = await bestNginx(context, root, memory)
  const servers = [await startBackpack({ data }), await startNginx({ work: context.work, root, ...settings })]
  try {
    const [ours, theirs] = await measureTogether(context, servers, memory)
    const { hot } = memory
    return [
      compare(
        { key: 'hot', work: 'hot GET, CPU per request', unit: 'µs CPU', field: 'cpuUs', goal: { most: 1.3 } },
        { ours, theirs, against: servers[1].label, notes: [`${connections} connections; pages ${hot}`] },
      ),
      compare(
        { key: 'hot', work: 'hot GET, requests/s', unit: 'per s', field: 'perSecond' },
        { ours, theirs, against: 'the same nginx' },
      ),
    ]
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    await memory.release()
  }
}

async function measureAgainstOriginal(context) {
  const data = await storeDirectory(context)
  const original = await originalDirectory(context)
  const originalFiles = listFiles(original.data, (name) => /^data_\d+$/.test(name))
  const memory = await holdInMemory({
    work: context.work,
    files: [...volumesOf(data), ...originalFiles],
  })
  const servers = [await startBackpack({ data }), await startOriginal(original)]
  try {
    const [ours, theirs] = await measureTogether(context, servers, memory)
    const against = servers[1].label
    return [
      compare(
        {
          key: 'original',
          work: 'hot GET, requests/s',
          unit: 'per s',
          field: 'perSecond',
          goal: { least: 4.5 },
        },
        { ours, theirs, against, notes: [`${connections} connections; pages ${memory.hot}`] },
      ),
      compare(
        { key: 'original', work: 'hot GET, CPU per request', unit: 'µs CPU', field: 'cpuUs' },
        { ours, theirs, against: 'the same, with its Redis' },
      ),
    ]
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    await memory.release()
  }
}

/** Reads every blob once from each server, then lets the load alternate between them. */
async function measureTogether(context, servers, memory, { rounds = context.runs, seconds } = {}) {
  for (const { port } of servers) await warmAll({ port, count: context.blobs })
  const contenders = servers.map((server) => ({ key: server.port, server }))
  const runs = await interleave({
    contenders,
    rounds,
    measure: ({ server }, round) => measureHot(context, { server, memory, round, seconds }),
  })
  return contenders.map(({ key }) => runs.get(key))
}

function measureHot(context, { server, memory, round, seconds = context.seconds }) {
  const load = { script: 'wrk-get.lua', connections, threads: 1, seconds }
  return measureLoad({
    server,
    load: { ...load, args: [context.blobs, 'random', round + 1] },
    folder: context.work,
    say: context.say,
    bytesPerAnswerMin: blobBytes,
    hot: memory.hot,
  })
}

/** Tries the settings that matter and takes those with the least CPU per request. */
async function bestNginx(context, root, memory) {
  const openFiles = Math.min(context.blobs, openFilesMax())
  const candidates = [
    { sendfile: true },
    { sendfile: false },
    { sendfile: true, openFiles },
    { sendfile: false, openFiles },
  ]
  const trials = []
  for (const settings of candidates) {
    const server = await startNginx({ work: context.work, root, ...settings })
    try {
      const options = { rounds: trialRounds, seconds: Math.min(trialSeconds, context.seconds) }
      const [runs] = await measureTogether(context, [server], memory, options)
      trials.push({ settings, cpuUs: medianOf(runs, 'cpuUs') })
      context.say(`  ${server.label}: ${trials.at(-1).cpuUs.toFixed(1)} µs CPU per GET`)
    } finally {
      await server.stop()
    }
  }
  return trials.reduce((best, trial) => (trial.cpuUs < best.cpuUs ? trial : best)).settings
}

function volumesOf(data) {
  return listFiles(data, (name) => name.endsWith('.volume'))
}
