// `npm run bench:cluster`: PUT and GET through the coordinator beside the same straight to a store and through a bare
// proxy, with real ZooKeeper, Redis and replicator at work.
import { measureGets, measurePuts } from './rows.mjs'
import { runBench } from './run-bench.mjs'
import { startSystem } from './system.mjs'

const footnote = `ours: through the coordinator; medians over the runs; ratio: median of the ratios of each round (A B C A B C …).
CPU is user and system time of the process in front (coordinator, proxy or store) by /proc, divided by requests.`

await runBench({
  name: 'bench:cluster',
  footnote,
  startSystem,
  measure: async (context) => [...(await measurePuts(context)), ...(await measureGets(context))],
})
