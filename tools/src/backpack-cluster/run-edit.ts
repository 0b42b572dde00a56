// What every command that changes the model does alike.
import type { ClusterTree, EditOptions, EditReport } from '@backpack/cluster-model'
import { jsonOption, printJson, printLine, printNote } from '@backpack/command-line'
import { z } from 'zod'
import { type ClusterArguments, clusterShape, withCluster } from './cluster-options.js'

export const editOptions = {
  'dry-run': { type: 'boolean', default: false, describe: 'Say what would be done, and do nothing' },
  ...jsonOption,
} as const

/** To be spread into the schema of every command that changes the model. */
export const editShape = { ...clusterShape, dryRun: z.boolean(), json: z.boolean() }

interface EditArguments extends ClusterArguments {
  readonly dryRun: boolean
  readonly json: boolean
}

/** Runs the edits in order and reports each; one that is refused ends it. */
export async function runEdits(
  args: EditArguments,
  signal: AbortSignal,
  edits: readonly ((tree: ClusterTree, options: EditOptions) => Promise<EditReport>)[],
): Promise<void> {
  const { dryRun, json } = args
  await withCluster(args, async (tree) => {
    for (const edit of edits) {
      const report = await edit(tree, { dryRun, signal })
      if (json) printJson({ dryRun, ...report })
      else printReport(report, dryRun)
    }
  })
}

function printReport({ done, warnings, changed }: EditReport, dryRun: boolean): void {
  for (const warning of warnings) printNote(`Warning: ${warning}.`)
  if (dryRun)
    printNote(changed ? 'Dry run, nothing is changed. It would say:' : 'Dry run: there is nothing to change.')
  for (const line of done) printLine(line)
}
