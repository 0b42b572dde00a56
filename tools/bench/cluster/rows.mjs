// The rows of the table: PUTs with syncs while the copies are made, and GETs of what is in memory.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blobBytes, runStride } from '../store/blobs.mjs'
import { fillOverHttp, warmAll } from '../store/load/fill.mjs'
import { interleave } from '../store/measure/interleave.mjs'
import { syncDisks } from '../store/measure/memory.mjs'
import { measureLoad } from '../store/measure/run-load.mjs'
import { compare, single } from '../store/report/row.mjs'
import { percentile } from '../store/load/paced-load.mjs'

const goals = { put: { least: 0.5 }, get: { least: 0.35 } }

/** Throughput of coordinator and proxy as shares of the store's own, and how far the copies lag behind. */
export async function measurePuts(context) {
  const { system, say, work, pool, connections, seconds, runs } = context
  const poolPath = join(work, 'bodies')
  writeFileSync(poolPath, Buffer.concat(pool))
  let started = 0
  const lags = []
  const measure = async ({ key, server }) => {
    const lag = key === 'coordinator' ? system.watchLag() : undefined
    const run = await measureLoad({
      server,
      load: { script: 'wrk-put.lua', connections, threads: 1, seconds },
      folder: work,
      say,
      prepare: () => {
        syncDisks()
        return { args: [++started * runStride, poolPath, blobBytes] }
      },
    })
    if (lag !== undefined) lags.push(await lag.stop())
    return run
  }
  say('\n• PUT')
  const { ours, proxy, direct } = await measureAll(system, runs + 1, measure, 'put')
  const drained = lags.at(-1)
  return [
    ...compareBoth({ work: 'PUT, sync', goal: goals.put, ours, proxy, direct }),
    single({
      key: 'put',
      work: 'lag: oldest task under that load, p99',
      unit: 'ms',
      value: percentile(
        lags.flatMap(({ oldestAgesMs }) => oldestAgesMs),
        0.99,
      ),
      notes: [`all copies made ${drained.drainedMs.toFixed(0)} ms after the last run's end`],
    }),
  ]
}

export async function measureGets(context) {
  const { system, say, work, pool, connections, seconds, runs, blobs } = context
  say('\n• GET')
  const [{ server: store }] = system.contenders('get').filter(({ key }) => key === 'direct')
  await fillOverHttp({ port: store.port, pool, count: blobs })
  await warmAll({ port: store.port, count: blobs })
  const measure = ({ server }, round) =>
    measureLoad({
      server,
      load: {
        script: 'wrk-get.lua',
        connections,
        threads: 1,
        seconds,
        prefix: server.prefix,
        args: [blobs, 'random', round + 1],
      },
      folder: work,
      say,
      bytesPerAnswerMin: blobBytes,
    })
  const { ours, proxy, direct } = await measureAll(system, runs + 1, measure, 'get')
  return compareBoth({ work: 'GET, hot', goal: goals.get, ours, proxy, direct })
}

/** One warming round, then those that count. */
async function measureAll(system, rounds, measure, row) {
  const runs = await interleave({ contenders: system.contenders(row), rounds, measure })
  const [ours, proxy, direct] = ['coordinator', 'proxy', 'direct'].map((key) => runs.get(key).slice(1))
  return { ours, proxy, direct }
}

function compareBoth({ work, goal, ours, proxy, direct }) {
  const key = work.slice(0, 3).toLowerCase()
  const speed = { key, work: `${work}: requests/s`, unit: 'per s', field: 'perSecond' }
  const cpu = { key, work: `${work}: CPU of the process in front`, unit: 'µs CPU', field: 'cpuUs' }
  return [
    compare({ ...speed, goal }, { ours, theirs: direct, against: 'straight to a store' }),
    compare(
      { ...speed, work: `${work}: a bare proxy's` },
      { ours: proxy, theirs: direct, against: 'straight to a store' },
    ),
    compare(cpu, { ours, theirs: direct, against: 'the store itself' }),
    compare(
      { ...cpu, work: `${work}: CPU of the coordinator` },
      { ours, theirs: proxy, against: 'a bare proxy' },
    ),
  ]
}
