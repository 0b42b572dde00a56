import {
  countOf,
  exitCodes,
  formatBytes,
  formatCount,
  formatTable,
  jsonOption,
  parseArguments,
  pathArgument,
  printJson,
  printLine,
  Progress,
  quietOption,
  runCommand,
  showName,
} from '@backpack/command-line'
import type { CommandModule } from 'yargs'
import { z } from 'zod'
import { checkDirectory } from '../../check/check-directory.js'
import type { CheckReport, VolumeReport } from '../../check/check-report.js'

const schema = z.object({ directory: pathArgument, json: z.boolean(), quiet: z.boolean() })

export const checkCommand: CommandModule = {
  command: 'check <directory>',
  describe: 'Verify every blob on disk; changes nothing',
  builder: (yargs) =>
    yargs
      .positional('directory', { type: 'string', describe: 'The data directory; its daemon may run' })
      .options({ ...jsonOption, ...quietOption })
      .example([
        ['$0 check ./data', 'Verify all volumes and their index logs'],
        ['$0 check ./data --json', 'The same for a machine, with offsets and names'],
      ])
      .epilogue(
        'Exit code 0: everything is sound. 1: there is damage, or an index log does not fit its volume.\nWhat a crash leaves at the end of a volume or a log is no damage: the next start cuts it off.',
      ),
  handler: (argv) =>
    runCommand(async (signal) => {
      const { directory, json, quiet } = parseArguments(schema, argv)
      const report = await checkWithProgress(directory, { signal, enabled: !json && !quiet })
      if (json) printJson(report)
      else printReport(report)
      return report.clean ? exitCodes.done : exitCodes.failed
    }),
}

async function checkWithProgress(
  directory: string,
  { signal, enabled }: { signal: AbortSignal; enabled: boolean },
): Promise<CheckReport> {
  const progress = new Progress({ label: 'checking', unit: 'bytes', enabled })
  let shownBytes = 0
  try {
    return await checkDirectory(directory, {
      signal,
      onProgress(doneBytes, totalBytes) {
        progress.setTotal(totalBytes)
        progress.advance(doneBytes - shownBytes)
        shownBytes = doneBytes
      },
    })
  } finally {
    progress.stop()
  }
}

function printReport(report: CheckReport): void {
  const { volumes, ownerPid } = report
  if (volumes.length > 0) {
    const headings = ['>volume', '>size', '>blobs', '>tombstones', '>data', 'state']
    for (const line of formatTable(headings, volumes.map(describeVolume))) printLine(line)
  }
  if (ownerPid !== undefined) printLine(`Process ${ownerPid} was writing to the directory meanwhile.`)
  for (const volume of volumes) for (const remark of remarksOf(volume)) printLine(remark)
  const problems = [
    ...volumes.flatMap((volume) => volume.problems.map((text) => `volume ${volume.volumeId}: ${text}`)),
    ...report.problems,
  ]
  for (const problem of problems) printLine(showName(problem))
  const needles = volumes.reduce((sum, volume) => sum + volume.needles + volume.tombstones, 0)
  const checked = `${countOf(volumes.length, 'volume')}, ${countOf(needles, 'needle')} verified`
  printLine(`${checked}: ${problems.length === 0 ? 'no problems' : countOf(problems.length, 'problem')}.`)
}

function describeVolume(volume: VolumeReport): string[] {
  const { volumeId, sizeBytes, needles, tombstones, dataBytes, problems } = volume
  return [
    String(volumeId),
    formatBytes(sizeBytes),
    formatCount(needles),
    formatCount(tombstones),
    formatBytes(dataBytes),
    problems.length === 0 ? 'sound' : countOf(problems.length, 'problem'),
  ]
}

/** What is worth knowing and wrong with nothing. */
function remarksOf({ volumeId, tornBytes, sealedAtBytes, index }: VolumeReport): string[] {
  const remarks: string[] = []
  if (sealedAtBytes !== undefined)
    remarks.push(`sealed at byte ${sealedAtBytes} after a failed write or sync`)
  if (tornBytes > 0)
    remarks.push(`${tornBytes} bytes of an unfinished write at the end; the next start cuts them off`)
  if (index.tornBytes > 0) remarks.push(`${index.tornBytes} unfinished bytes at the end of the index log`)
  if (index.unindexed > 0) remarks.push(`${countOf(index.unindexed, 'needle')} not yet in the index log`)
  return remarks.map((remark) => `volume ${volumeId}: ${remark}`)
}
