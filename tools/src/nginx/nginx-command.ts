// `backpack-cluster nginx`: prints, writes or keeps up to date the configuration of one tier of the edge.
import { type ClusterSnapshot, readCluster, watchCluster } from '@backpack/cluster-model'
import { CliError, exitCodes, parseArguments, printNote, runCommand } from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { clusterShape, withCluster } from '../backpack-cluster/cluster-options.js'
import { type CheckResult, checkText, replaceFile } from './configuration-file.js'
import { followModel } from './follow-model.js'
import { generateNginx } from './generate-nginx.js'
import { KeptConfiguration } from './kept-configuration.js'
import { nginxOptions, nginxShape, toNginxOptions } from './nginx-arguments.js'

const schema = z.object({ ...nginxShape, ...clusterShape })

type Arguments = z.output<typeof schema>

export const nginxCommand: CommandModule = {
  command: 'nginx',
  describe: 'Print nginx configuration for the edge, made from the model',
  builder: (yargs) =>
    yargs.options(nginxOptions).example([
      ['$0 nginx --work-dir /srv/edge --output /srv/edge/nginx.conf --check', 'All that one machine needs'],
      ['$0 nginx --output /etc/nginx/nginx.conf --watch', 'Follow the model, until Ctrl-C'],
      ['$0 nginx --tier frontend --listen 80 --caches c1:8080,c2:8080', 'In front of two caches'],
      ['$0 nginx --tier cache --resizers r1:8080 --cache-size 500gb', 'One of these'],
    ]),
  handler: (argv) =>
    runCommand(async (signal) => {
      const args = parseArguments(schema, argv)
      const options = toNginxOptions(args)
      if (args.watch && args.output !== undefined) {
        return keepUpToDate(new KeptConfiguration(args.output, options, args.reloadCommand), args, signal)
      }
      // The other tiers are made from their options alone: no tree is needed for them.
      const snapshot = args.tier === 'storage' ? await withCluster(args, readCluster) : withoutShards
      const { text, warnings } = generateNginx(snapshot, options)
      for (const warning of warnings) printNote(`Warning: ${warning}.`)
      await deliver(text, args)
      return exitCodes.done
    }),
}

const withoutShards: Pick<ClusterSnapshot, 'shards'> = { shards: new Map() }

async function deliver(text: string, { output, check }: Arguments): Promise<void> {
  if (output === undefined) {
    if (check) judge(await checkText(text), 'nothing is printed')
    process.stdout.write(text)
    return
  }
  const result = await replaceFile(output, text, { check })
  if (check) judge(result, `${output} is left as it was`)
  printNote(`${output} is written.`)
}

function judge(result: CheckResult, consequence: string): void {
  if (result.verdict === 'unchecked') printNote('There is no nginx on this machine: not checked.')
  if (result.verdict === 'fine' && result.remarks !== '') printNote(result.remarks)
  if (result.verdict !== 'refused') return
  throw new CliError(`nginx refuses this configuration, ${consequence}:\n${result.reason}`)
}

async function keepUpToDate(kept: KeptConfiguration, args: Arguments, signal: AbortSignal): Promise<number> {
  await withCluster(args, async (tree) => {
    const watch = await watchCluster(tree)
    try {
      printNote(`${kept.path} follows the model. Ctrl-C ends it.`)
      await followModel(watch, (snapshot) => kept.bringUpTo(snapshot), { signal })
    } finally {
      watch.close()
    }
  })
  return exitCodes.done
}
