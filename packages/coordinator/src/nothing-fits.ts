// What is said when no shard takes an upload: which kind of trouble it is, and the reason of each shard.
import { ClusterError, codeOf, detailOf } from '@backpack/cluster-model'
import type { ExcludedShard } from './pick-shard.js'
import { isAboutSpace } from './shard-exclusion.js'

/** All reasons are in the details; a message that names a thousand shards helps nobody. */
const reasonsShownMax = 20

/**
 * ACCESS_DENIED when the user may write to none of the shards; OUT_OF_SPACE when all that they may write to lack nothing
 * but space; else NOTHING_FITS. details.reasons has a sentence for each shard, by id.
 */
export function nothingFits(exclusions: readonly ExcludedShard[]): ClusterError {
  // A shard that its user may not write to is none of his business, not even that it is there.
  const concerned = exclusions.filter(({ excluded }) => excluded.code !== 'not-allowed')
  const reasons = Object.fromEntries(concerned.map(({ shard, excluded }) => [shard.id, excluded.reason]))
  const shown = showReasons(concerned)
  if (exclusions.length > 0 && concerned.length === 0) {
    return new ClusterError('ACCESS_DENIED', 'There is no shard that this user may write to')
  }
  if (concerned.length > 0 && concerned.every(({ excluded }) => isAboutSpace(excluded))) {
    return new ClusterError('OUT_OF_SPACE', `No shard has room for this upload: ${shown}`, { reasons })
  }
  const why = exclusions.length === 0 ? 'the model has no shards' : shown
  return new ClusterError('NOTHING_FITS', `No shard takes this upload: ${why}`, { reasons })
}

function showReasons(exclusions: readonly ExcludedShard[]): string {
  const shown = exclusions.slice(0, reasonsShownMax)
  const sentences = shown.map(({ shard, excluded }) => `shard ${shard.id}: ${excluded.reason}`)
  const more = exclusions.length - shown.length
  return more > 0 ? `${sentences.join('; ')}; and ${more} more` : sentences.join('; ')
}

/** As the 2013 API says it: 500 for whatever the reason is, which stands beside it. Any other error stays as it is. */
export function asIn2013(error: unknown): unknown {
  const code = codeOf(error)
  if (code !== 'NOTHING_FITS' && code !== 'OUT_OF_SPACE') return error
  const reasons = detailOf(error, 'reasons')
  return new ClusterError('NO_WRITABLE_SHARD', (error as Error).message, { cause: error, reasons })
}

/** The reasons of an error of nothingFits(), undefined for any other. */
export function reasonsOf(error: unknown): Readonly<Record<string, string>> | undefined {
  return detailOf(error, 'reasons') as Readonly<Record<string, string>> | undefined
}
