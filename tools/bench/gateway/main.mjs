// `npm run bench:gateway`: what access control and signatures cost. Reads and uploads through the gateway beside the same
// through the coordinator's listener of 2013, on one process, with real ZooKeeper, Redis and replicator at work.
import { runBench } from '../cluster/run-bench.mjs'
import { measureGets, measurePuts } from './rows.mjs'
import { startSystem } from './system.mjs'

const footnote = `ours: through the gateway; theirs: PUT and GET /1:name on the plain listener of the same process, a shard without an ACL.
Medians over the runs; ratio: median of the ratios of each round (A B C A B C …), the first round is for warming.
CPU is user and system time of the coordinator's process by /proc, divided by requests; each blob has 20 KB. The stores leave it
to the system when to sync (--durability os): the disk is not what is measured.`

await runBench({
  name: 'bench:gateway',
  footnote,
  startSystem,
  measure: async (context) => [...(await measureGets(context)), ...(await measurePuts(context))],
})
