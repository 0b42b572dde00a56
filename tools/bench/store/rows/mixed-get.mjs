// Do cold reads hold up hot ones? 80 % of the requests are for blobs in memory, 20 % for blobs on disk; the latency of
// the hot ones is compared with a load that is all hot. The rate is fixed and far below what the store can do.
import { blobName } from '../blobs.mjs'
import { storeDirectory } from '../data-sets.mjs'
import { warmAll } from '../load/fill.mjs'
import { percentile, runPacedLoad } from '../load/paced-load.mjs'
import { interleave, medianOf } from '../measure/interleave.mjs'
import { holdInMemory, listFiles } from '../measure/lock-pages.mjs'
import { dropCaches } from '../measure/memory.mjs'
import { compare } from '../report/row.mjs'
import { startBackpack } from '../servers/backpack.mjs'

const connections = 64
const perSecond = 2_000
/** Above this p99 without any cold read, other programs decide the latencies. */
const calmP99Ms = 10
const coldEvery = 5
/** Of the blobs, the first so many are hot; those right behind them are left alone, for the fill was not quite in order. */
const hotShare = 0.2
const coldFromShare = 0.25
/** A blob with its header, its name and some room. */
const needleBytes = 20_600

/** @type {import('../report/row.mjs').Row} */
export const mixedRow = { key: 'mixed', programs: ['vmtouch'], measure: measureMixed }

async function measureMixed(context) {
  const data = await storeDirectory(context)
  const hotCount = Math.floor(context.blobs * hotShare)
  const dropped = dropCaches([data])
  const [firstVolume] = listFiles(data, (name) => name.endsWith('.volume')).sort()
  const memory = await holdInMemory({
    work: context.work,
    files: [firstVolume],
    bytesEach: hotCount * needleBytes,
  })
  const server = await startBackpack({ data })
  try {
    // Once to be noticed as read, once more from memory.
    for (let pass = 0; pass < 2; pass++) await warmAll({ port: server.port, count: hotCount })
    const nextCold = shuffledFrom(Math.floor(context.blobs * coldFromShare), context.blobs)
    const hot = () => ({ name: blobName(Math.floor(Math.random() * hotCount)), kind: 'hot' })
    const cold = () => ({ name: blobName(nextCold()), kind: 'cold' })
    const contenders = [
      { key: 'mix', next: (sequence) => (sequence % coldEvery === 0 ? cold() : hot()) },
      { key: 'all hot', next: hot },
    ]
    const measure = ({ next }) => measureLatency({ port: server.port, seconds: context.seconds, next })
    await measure(contenders[1])
    const runs = await interleave({ contenders, rounds: context.runs, measure })
    const [ours, theirs] = [runs.get('mix'), runs.get('all hot')]
    const notes = [
      `${perSecond} requests/s on ${connections} connections; ${dropped}; hot pages ${memory.hot}`,
      `p99 of the cold ones ${medianOf(ours, 'coldP99Ms').toFixed(2)} ms`,
    ]
    const calm = medianOf(theirs, 'p99Ms') <= calmP99Ms
    if (!calm) notes.push('no verdict: other programs keep the machine too busy for latencies')
    const names = { key: 'mixed', unit: 'ms' }
    return [
      compare(
        {
          ...names,
          work: 'p99 of the hot ones, 20 % cold beside',
          field: 'p99Ms',
          goal: calm ? { most: 2 } : undefined,
        },
        { ours, theirs, against: 'all hot', notes },
      ),
      compare({ ...names, work: 'p50 of the same', field: 'p50Ms' }, { ours, theirs, against: 'all hot' }),
    ]
  } finally {
    await server.stop()
    await memory.release()
  }
}

async function measureLatency({ port, seconds, next }) {
  const latencies = await runPacedLoad({ port, connections, perSecond, seconds, next })
  const hot = latencies.get('hot')
  const cold = latencies.get('cold') ?? [0]
  return { p50Ms: percentile(hot, 0.5), p99Ms: percentile(hot, 0.99), coldP99Ms: percentile(cold, 0.99) }
}

/** Gives each number once, in random order; throws when all are used up. */
function shuffledFrom(first, end) {
  const numbers = Uint32Array.from({ length: end - first }, (_, index) => first + index)
  let left = numbers.length
  return () => {
    if (left === 0)
      throw new Error('no cold blobs are left: give more --blobs, or fewer --runs and --seconds')
    const at = Math.floor(Math.random() * left--)
    const number = numbers[at]
    numbers[at] = numbers[left]
    return number
  }
}
