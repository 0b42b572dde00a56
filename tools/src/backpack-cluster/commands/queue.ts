import { addressListSchema, type ParkedTask, setQueue, watchCluster } from '@backpack/cluster-model'
import {
  CliError,
  countOf,
  jsonOption,
  parseArguments,
  printJson,
  printLine,
  runCommand,
  showName,
  wholeNumberArgument,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { type ClusterArguments, clusterShape, withCluster } from '../cluster-options.js'
import { commandGroup } from '../command-group.js'
import { describeFigures } from '../status/describe-figures.js'
import { openQueueAccess, type QueueAccess } from '../queue-access.js'
import { editOptions, editShape, runEdits } from '../run-edit.js'

const parkedMax = 100_000

const setSchema = z.object({
  key: z.string().min(1, 'must not be empty'),
  servers: addressListSchema,
  ...editShape,
})

const setCommand: CommandModule = {
  command: 'set <key> <servers>',
  describe: 'Say on which Redis servers the queue is',
  builder: (yargs) =>
    yargs
      .positional('key', { type: 'string', describe: "What the queue's keys begin with" })
      .positional('servers', { type: 'string', describe: 'host:port,host:port' })
      .options(editOptions)
      .example([['$0 queue set backpack-queue one:13001,two:13002', 'Two servers; either may fail']]),
  handler: (argv) =>
    runCommand((signal) => {
      const { key, servers, ...args } = parseArguments(setSchema, argv)
      return runEdits(args, signal, [(tree, options) => setQueue(tree, { key, servers }, options)])
    }),
}

const showSchema = z.object({ json: z.boolean(), ...clusterShape })

const showCommand: CommandModule = {
  command: 'show',
  describe: 'Show where the queue is and what waits in it',
  builder: (yargs) =>
    yargs.options(jsonOption).example([
      ['$0 queue show', 'For people'],
      ['$0 queue show --json', 'For machines'],
    ]),
  handler: (argv) =>
    runCommand(async () => {
      const { json, ...args } = parseArguments(showSchema, argv)
      await withQueue(args, async (queue) => {
        const figures = await queue.figures()
        if (json) return printJson({ where: queue.where, ...figures })
        for (const line of [`Queue ${showName(queue.where)}`, ...describeFigures(figures)]) printLine(line)
      })
    }),
}

const parkedSchema = z.object({
  limit: wholeNumberArgument({ min: 1, max: parkedMax }),
  json: z.boolean(),
  ...clusterShape,
})

const parkedCommand: CommandModule = {
  command: 'parked',
  describe: 'List the tasks that were set aside, and why',
  builder: (yargs) =>
    yargs
      .options({
        limit: { type: 'string', default: '100', describe: 'At most so many' },
        ...jsonOption,
      })
      .example([
        ['$0 queue parked', 'The first hundred'],
        ['$0 queue parked --json --limit 10000', 'One JSON object per line, with the ids that retry takes'],
      ]),
  handler: (argv) =>
    runCommand(async () => {
      const { limit, json, ...args } = parseArguments(parkedSchema, argv)
      await withQueue(args, async (queue) => {
        const tasks = await queue.parked(limit)
        for (const task of tasks) {
          if (json) printJson(task)
          else printLine(describeParked(task))
        }
        if (!json)
          printLine(`${countOf(tasks.length, 'task')} parked${tasks.length === limit ? ', or more' : ''}`)
      })
    }),
}

function describeParked({ task, reason, parkedAtMs }: ParkedTask): string {
  const time = new Date(parkedAtMs).toISOString().slice(0, 19)
  const from = task.op === 'copy' ? ` from ${task.from.join(',')}` : ''
  return `${time}Z  ${task.op} ${showName(task.path)}${from} to ${task.to}: ${showName(reason)}`
}

const retrySchema = z.object({ ids: z.array(z.string()).default([]), json: z.boolean(), ...clusterShape })

const retryCommand: CommandModule = {
  command: 'retry [ids..]',
  describe: 'Make parked tasks due again; all of them when none is named',
  builder: (yargs) =>
    yargs
      .positional('ids', { type: 'string', array: true, describe: 'Ids that queue parked --json prints' })
      .options(jsonOption)
      .example([['$0 queue retry', 'After what was wrong has been mended']]),
  handler: (argv) =>
    runCommand(async () => {
      const { ids, json, ...args } = parseArguments(retrySchema, argv)
      await withQueue(args, async (queue) => {
        const retried = await queue.retry(ids.length === 0 ? undefined : ids)
        if (json) printJson({ retried })
        else printLine(`${countOf(retried, 'task')} due again`)
        if (retried < ids.length) {
          throw new CliError(`${countOf(ids.length - retried, 'task')} of these ids not parked (any more).`)
        }
      })
    }),
}

function withQueue(args: ClusterArguments, work: (queue: QueueAccess) => Promise<void>): Promise<void> {
  return withCluster(args, async (tree) => {
    const watch = await watchCluster(tree)
    try {
      const queue = await openQueueAccess(watch)
      try {
        await work(queue)
      } finally {
        await queue.close()
      }
    } finally {
      watch.close()
    }
  })
}

export const queueCommand = commandGroup({
  name: 'queue',
  describe: 'The replication queue: set, show, parked, retry',
  commands: [setCommand, showCommand, parkedCommand, retryCommand],
  example: ['$0 queue show', 'What waits to be copied?'],
})
