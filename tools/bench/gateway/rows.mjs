// The rows of the table: reads of what is in memory, and uploads while the copies are made.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blobBytes, runStride } from '../store/blobs.mjs'
import { fillOverHttp, warmAll } from '../store/load/fill.mjs'
import { interleave } from '../store/measure/interleave.mjs'
import { syncDisks } from '../store/measure/memory.mjs'
import { measureLoad } from '../store/measure/run-load.mjs'
import { compare } from '../store/report/row.mjs'
import { guardedShard, openShard } from './system.mjs'
import { lineOf, writeTargets } from './targets.mjs'

const goals = { get: { most: 1.4 }, put: { most: 1.2 } }
/** More than any of them takes: each name is uploaded once. */
const uploadsPerSecondMax = 6_000

export async function measureGets(context) {
  const { system, say, work, pool, connections, seconds, blobs } = context
  say('\n• GET')
  for (const { port } of [openShard, guardedShard].flatMap((shardId) => system.storesOf(shardId))) {
    await fillOverHttp({ port, pool, count: blobs })
    await warmAll({ port, count: blobs })
  }
  const contenders = [
    { key: 'plain', server: system.plain, line: lineOf.plainGet },
    { key: 'link', server: system.gateway, line: lineOf.linkGet },
    { key: 'header', server: system.gateway, line: lineOf.headerGet },
    { key: 'open', server: system.gateway, line: lineOf.openGet },
  ].map((contender) => ({ ...contender, targets: join(work, `get-${contender.key}`) }))
  for (const { targets, line } of contenders) writeTargets(targets, { line, count: blobs })
  const measure = ({ server, targets }, round) =>
    measureLoad({
      server,
      load: {
        script: 'wrk-targets.lua',
        connections,
        threads: 1,
        seconds,
        args: [targets, 'GET', 'random', round + 1, '-', 0],
      },
      folder: work,
      say,
      bytesPerAnswerMin: blobBytes,
    })
  const runs = await measureAll(context, contenders, measure)
  return [
    ...compareBoth('/get by a signed link', { runs, ours: 'link', goal: goals.get }),
    ...compareBoth('/get signed by a header', { runs, ours: 'header', goal: goals.get }),
    ...compareBoth('/get of a shard without an ACL', { runs, ours: 'open' }),
  ]
}

export async function measurePuts(context) {
  const { system, say, work, pool, connections, seconds } = context
  say('\n• PUT')
  const bodies = join(work, 'bodies')
  const targets = join(work, 'put')
  writeFileSync(bodies, Buffer.concat(pool))
  const contenders = [
    { key: 'plain', server: system.plain, line: lineOf.plainPut },
    { key: 'link', server: system.gateway, line: lineOf.linkPut },
    { key: 'header', server: system.gateway, line: lineOf.headerPut },
  ]
  let started = 0
  const measure = ({ server, line }) =>
    measureLoad({
      server,
      load: { script: 'wrk-targets.lua', connections, threads: 1, seconds },
      folder: work,
      say,
      prepare: async () => {
        writeTargets(targets, { line, first: ++started * runStride, count: seconds * uploadsPerSecondMax })
        await system.untilDrained()
        syncDisks()
        return { args: [targets, 'PUT', 'once', started, bodies, blobBytes] }
      },
    })
  const runs = await measureAll(context, contenders, measure)
  return [
    ...compareBoth('/upload by a signed link', { runs, ours: 'link', goal: goals.put }),
    ...compareBoth('/upload signed by a header', { runs, ours: 'header', goal: goals.put }),
  ]
}

/** One warming round, then those that count. */
async function measureAll({ runs }, contenders, measure) {
  const all = await interleave({ contenders, rounds: runs + 1, measure })
  return new Map([...all].map(([key, each]) => [key, each.slice(1)]))
}

function compareBoth(work, { runs, ours, goal }) {
  const key = work.startsWith('/get') ? 'get' : 'put'
  const pair = { ours: runs.get(ours), theirs: runs.get('plain'), against: 'the plain listener' }
  return [
    compare({ key, work: `${work}: CPU`, unit: 'µs CPU', field: 'cpuUs', goal }, pair),
    compare({ key, work: `${work}: requests/s`, unit: 'per s', field: 'perSecond' }, pair),
  ]
}
