// Cold GET: the caches are dropped and both servers started anew before every run, and no name comes twice in a run.
import { blobBytes } from '../blobs.mjs'
import { fileTree, storeDirectory } from '../data-sets.mjs'
import { probe } from '../load/http-client.mjs'
import { interleave, medianOf } from '../measure/interleave.mjs'
import { dropCaches } from '../measure/memory.mjs'
import { measureLoad } from '../measure/run-load.mjs'
import { compare, single } from '../report/row.mjs'
import { startBackpack } from '../servers/backpack.mjs'
import { startNginx } from '../servers/nginx.mjs'

const connections = 16
const threads = 1
/** A run ends before every name has been read once, however quick the disk is. */
const shareOfNames = 0.8
const trialSeconds = 1

const nginxCandidates = [
  { key: 'nginx 2 workers', workers: 2 },
  { key: 'nginx aio threads', workers: 1, sendfile: false, aioThreads: 16 },
  { key: 'nginx 16 workers', workers: 16 },
]

/** @type {import('../report/row.mjs').Row} */
export const coldRow = { key: 'cold', programs: ['wrk', 'nginx'], measure: measureCold }

async function measureCold(context) {
  const data = await storeDirectory(context)
  const root = await fileTree(context)
  const contenders = [
    { key: 'backpack', start: () => startBackpack({ data }) },
    ...nginxCandidates.map(({ key, ...settings }) => ({
      key,
      start: () => startNginx({ work: context.work, root, ...settings }),
    })),
  ]
  const folders = [data, root]
  const seconds = await secondsFor(context, contenders, folders)
  const all = await measureRounds(context, { contenders, folders, seconds, inodes: true })
  const best = bestOf(all)
  const ours = all.get('backpack')
  const theirs = all.get(best)
  const pages = await measureRounds(context, { contenders, folders, seconds, inodes: false })
  const bestPages = bestOf(pages)
  const others = nginxCandidates
    .filter(({ key }) => key !== best)
    .map(({ key }) => `${key} ${Math.round(medianOf(all.get(key), 'perSecond'))}/s`)
  const how = all.get('backpack')[0].dropped
  return [
    compare(
      { key: 'cold', work: 'cold GET, requests/s', unit: 'per s', field: 'perSecond', goal: { least: 1 } },
      { ours, theirs, against: best, notes: [`${connections} connections, ${how}`, ...others] },
    ),
    compare(
      { key: 'cold', work: 'cold GET, file metadata still in memory', unit: 'per s', field: 'perSecond' },
      {
        ours: pages.get('backpack'),
        theirs: pages.get(bestPages),
        against: bestPages,
        notes: [pages.get('backpack')[0].dropped],
      },
    ),
    single({
      key: 'cold',
      work: 'cold GET, device reads per blob',
      unit: 'reads',
      value: medianOf(ours, 'deviceReads'),
      goal: { most: 1.1 },
      notes: [
        `${best}: ${medianOf(theirs, 'deviceReads').toFixed(2)}, with metadata in memory ${medianOf(pages.get(bestPages), 'deviceReads').toFixed(2)}`,
        `per blob the device read ${kibibytes(ours, 'deviceBytes')} KiB for all programs, ${kibibytes(ours, 'ownDeviceBytes')} KiB for the store`,
      ],
    }),
  ]
}

function kibibytes(runs, field) {
  return (medianOf(runs, field) / 1024).toFixed(1)
}

/** The longest run in which no contender can use up the names, from a short trial of each. */
async function secondsFor(context, contenders, folders) {
  const seconds = Math.min(trialSeconds, context.seconds)
  const trials = await measureRounds(context, { contenders, folders, seconds, inodes: false, rounds: 1 })
  const quickest = Math.max(...[...trials.values()].map(([run]) => run.perSecond))
  return Math.max(1, Math.min(context.seconds, Math.floor((context.blobs * shareOfNames) / quickest)))
}

function bestOf(runs) {
  const nginxKeys = nginxCandidates.map(({ key }) => key)
  return nginxKeys.reduce((best, key) =>
    medianOf(runs.get(key), 'perSecond') > medianOf(runs.get(best), 'perSecond') ? key : best,
  )
}

function measureRounds(context, { contenders, folders, seconds, inodes, rounds = context.runs }) {
  return interleave({
    contenders,
    rounds,
    measure: async ({ start }, round) => {
      const server = await start()
      try {
        let dropped = ''
        const run = await measureLoad({
          server,
          load: {
            script: 'wrk-get.lua',
            connections,
            threads,
            seconds,
            args: [context.blobs, 'once', round + 1],
          },
          folder: context.work,
          say: context.say,
          bytesPerAnswerMin: blobBytes,
          prepare: async () => {
            dropped = dropCaches(folders, { inodes })
            // The program itself is not what is to be cold.
            await probe(server.port, 'no-such-file')
          },
        })
        return { ...run, dropped }
      } finally {
        await server.stop()
      }
    },
  })
}
