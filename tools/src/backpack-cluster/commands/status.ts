import { type ClusterWatch, watchCluster } from '@backpack/cluster-model'
import {
  exitCodes,
  jsonOption,
  parseArguments,
  printJson,
  printLine,
  runCommand,
} from '@backpack/command-line'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { clusterShape, describeAddress, withCluster } from '../cluster-options.js'
import { openQueueAccess, type QueueAccess } from '../queue-access.js'
import { type ClusterStatus, collectStatus } from '../status/collect-status.js'
import { renderStatus } from '../status/render-status.js'

const redrawMs = 2_000
/** Cursor home, and what is below it cleared: no flicker as from clearing first. */
const home = '\u001b[H'
const clearLine = '\u001b[K'
const clearBelow = '\u001b[J'

const schema = z.object({ watch: z.boolean(), json: z.boolean(), ...clusterShape })

export const statusCommand: CommandModule = {
  command: 'status',
  describe: 'Show the whole cluster: shards, nodes up or down, queue, daemons',
  builder: (yargs) =>
    yargs
      .options({
        watch: { type: 'boolean', default: false, describe: 'Again every 2 s, until Ctrl-C' },
        ...jsonOption,
      })
      .example([
        ['$0 status --zookeeper one:2181', 'One screen'],
        ['$0 status --watch', 'A screen that stays'],
        ['$0 status --json', 'One JSON object; with --watch one per line'],
      ]),
  handler: (argv) =>
    runCommand(async (signal) => {
      const { watch: again, json, ...args } = parseArguments(schema, argv)
      return withCluster(args, async (tree, address) => {
        const watch = await watchCluster(tree)
        const queue = new LazyQueue(watch)
        const collect = () => {
          const cluster = describeAddress(address)
          return collectStatus({ cluster, tree, watch, openQueue: () => queue.open(), signal })
        }
        try {
          const show = json ? printJson : again && process.stdout.isTTY ? redraw : print
          if (!again) {
            show(await collect())
            return exitCodes.done
          }
          await repeat(async () => show(await collect()), signal)
          return exitCodes.done
        } finally {
          await queue.close()
          watch.close()
        }
      })
    }),
}

/** Until the signal, which is how it is meant to end. */
async function repeat(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    while (!signal.aborted) {
      await work()
      await sleep(redrawMs, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Opened when it is first asked, again when that failed. */
class LazyQueue {
  readonly #watch: ClusterWatch
  #opened: QueueAccess | undefined

  constructor(watch: ClusterWatch) {
    this.#watch = watch
  }

  async open(): Promise<QueueAccess> {
    this.#opened ??= await openQueueAccess(this.#watch)
    return this.#opened
  }

  async close(): Promise<void> {
    await this.#opened?.close()
  }
}

function print(status: ClusterStatus): void {
  for (const line of renderStatus(status)) printLine(line)
}

function redraw(status: ClusterStatus): void {
  const lines = renderStatus(status).slice(0, process.stdout.rows - 1)
  process.stdout.write(`${home}${lines.map((line) => `${line}${clearLine}\n`).join('')}${clearBelow}`)
}
