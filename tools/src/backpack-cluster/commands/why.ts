// `why <name|shard>`: why a shard gets the uploads that it gets, or where a photo is and where a new one would go.
import { readCluster } from '@backpack/cluster-model'
import {
  CliError,
  clusterSecretOption,
  exitCodes,
  jsonOption,
  parseArguments,
  pathArgument,
  printJson,
  printLine,
  readClusterSecret,
  runCommand,
  sizeArgument,
  urlArgument,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { clusterShape, withCluster } from '../cluster-options.js'
import { askCoordinators, type CoordinatorAnswer } from '../why/ask-coordinators.js'
import { renderName, renderShard } from '../why/render-why.js'

const blobBytesMax = 1024 ** 3

const schema = z.object({
  what: z.string().min(1, 'must be a name or the id of a shard'),
  as: z.enum(['name', 'shard']).optional(),
  size: sizeArgument.refine(
    (sizeBytes) => sizeBytes >= 1 && sizeBytes <= blobBytesMax,
    'must be from 1b to 1gb',
  ),
  coordinator: urlArgument.optional(),
  clusterSecretFile: pathArgument.optional(),
  json: z.boolean(),
  ...clusterShape,
})

export const whyCommand: CommandModule = {
  command: 'why <what>',
  describe: 'Explain where uploads go: the score of a shard, or the places of a photo',
  builder: (yargs) =>
    yargs
      .positional('what', { type: 'string', describe: 'The id of a shard, or the name of a photo' })
      .options({
        as: {
          type: 'string',
          choices: ['name', 'shard'],
          describe: 'What it is; without it: a shard when there is one of this id',
        },
        size: { type: 'string', default: '64kb', describe: 'Of the upload that is asked about' },
        coordinator: {
          type: 'string',
          describe: 'Ask the coordinator at this address; without it: all that are registered',
        },
        ...clusterSecretOption,
        ...jsonOption,
      })
      .example([
        ['$0 why 2', 'Why shard 2 gets the uploads that it gets, or none'],
        ['$0 why pets/cat.jpg', 'Who has it, in which order they are asked, where a new one would go'],
        ['$0 why 2 --as name --size 10mb', 'A photo whose name is the id of a shard'],
        ['$0 why 2 --coordinator http://one:12001 --json', 'One JSON object'],
      ]),
  handler: (argv) =>
    runCommand(async (signal) => {
      const {
        what,
        as,
        size: sizeBytes,
        coordinator,
        clusterSecretFile,
        json,
        ...args
      } = parseArguments(schema, argv)
      const clusterSecret = await readClusterSecret(clusterSecretFile)
      const { shards, daemons } = await withCluster(args, readCluster)
      const registered = daemons.flatMap(({ kind, url }) => (kind === 'coordinator' ? (url ?? []) : []))
      const urls = coordinator === undefined ? registered : [coordinator.origin]
      if (urls.length === 0) {
        throw new CliError('No coordinator is registered.', {
          advice: 'Give one: --coordinator http://host:port',
        })
      }
      const shard = as === 'name' ? undefined : shards.get(what)
      if (as === 'shard' && shard === undefined)
        throw new CliError(`There is no shard ${JSON.stringify(what)}.`)
      const answers = await askCoordinators(urls, { sizeBytes, signal })
      if (shard !== undefined) {
        if (json) printJson(shardJson(what, answers))
        else for (const line of renderShard(shard, answers)) printLine(line)
      } else {
        // Only here: it brings the whole coordinator with it.
        const { findHolders } = await import('../why/find-holders.js')
        const holders = await findHolders(shards.values(), { name: what, clusterSecret, signal })
        if (json) printJson({ name: what, holders, coordinators: answers })
        else for (const line of renderName(what, { holders, answers })) printLine(line)
      }
      return answers.every((answer) => 'error' in answer) ? exitCodes.failed : exitCodes.done
    }),
}

/** Only what concerns the shard. */
function shardJson(shard: string, answers: readonly CoordinatorAnswer[]) {
  const coordinators = answers.map((answer) => {
    if ('error' in answer) return answer
    const { shards, ...choice } = answer.explanation
    return {
      coordinator: answer.coordinator,
      ...choice,
      score: shards.find((each) => each.shard === shard) ?? null,
    }
  })
  return { shard, coordinators }
}
