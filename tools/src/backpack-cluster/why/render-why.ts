// What `why` prints for people. Pure: from what was collected to lines.
import type { Shard } from '@backpack/cluster-model'
import { formatBytes, formatCount, formatTable, showName } from '@backpack/command-line'
import type { CoordinatorAnswer, ShardExplanation } from './ask-coordinators.js'
import type { ShardHolders } from './find-holders.js'

/** One shard, as each coordinator sees it. */
export function renderShard(
  { id, blobsMax }: Pick<Shard, 'id' | 'blobsMax'>,
  answers: readonly CoordinatorAnswer[],
): string[] {
  const lines: string[] = []
  for (const answer of answers) {
    if (lines.length > 0) lines.push('')
    if ('error' in answer) {
      lines.push(`Coordinator ${answer.coordinator}: ${answer.error}`)
      continue
    }
    const { sizeBytes, freeSpaceLimits, shards } = answer.explanation
    const { soft, hard } = freeSpaceLimits
    lines.push(
      `Coordinator ${answer.coordinator}, an upload of ${formatBytes(sizeBytes)}, ` +
        `soft limit ${percent(soft)}, hard limit ${percent(hard)}`,
    )
    const found = shards.find((each) => each.shard === id)
    const described = found === undefined ? ['it does not know this shard'] : describeShard(found, blobsMax)
    lines.push(...described.map((line) => `  ${line}`))
  }
  return lines.map(showName)
}

function describeShard(shard: ShardExplanation, blobsMax: number | undefined): string[] {
  return [...describeScore(shard), '', ...renderNodes(shard), ...warnOfUncounted(shard, blobsMax)]
}

/** Who does not know how many blobs there are cannot stop at a number of them. */
function warnOfUncounted({ nodes }: ShardExplanation, blobsMax: number | undefined): string[] {
  const silent = nodes.filter(({ blobs }) => blobs === null).map(({ node }) => node)
  if (blobsMax === undefined || silent.length === 0) return []
  return [
    `Warning: max-key-num, ${blobsMax}, cannot be held on ${silent.join(', ')}: a node with its key map on Redis does not ` +
      'say how many blobs it has, nor does one that does not answer',
  ]
}

function describeScore({
  shard,
  probability,
  reason,
  excluded,
  pain,
  factors,
  softlyFull,
}: ShardExplanation) {
  if (excluded !== undefined) return [`Shard ${shard} gets no uploads: ${reason ?? excluded} (${excluded})`]
  const full = softlyFull === true ? ', is below the soft limit: only when nothing better exists' : ''
  const lines = [`Shard ${shard} gets ${percent(probability)} of uploads${full}`]
  if (factors === undefined || pain === undefined) return lines
  const { free, spacePain, writePain, awayPain, unknownPain, imbalancePain } = factors
  const rows = [
    [`${percent(free)} free`, spacePain],
    ['time to write, and how much more than usual', writePain],
    ['nodes that do not answer', awayPain],
    ['nodes that say nothing of themselves', unknownPain],
    ['nodes that lack blobs of others', imbalancePain],
    ['pain', pain],
  ] as const
  return [
    ...lines,
    ...formatTable(
      ['because of', '>pain'],
      rows.map(([what, each]) => [what, count(each)]),
    ),
  ]
}

function renderNodes({ nodes }: ShardExplanation): string[] {
  const rows = nodes.map(({ node, up, usPerByte, confidence, usedBytes, availableBytes, blobs }) => [
    node,
    up ? 'up' : 'DOWN',
    usPerByte === null ? '' : usPerByte.toFixed(3),
    usPerByte === null ? '' : percent(confidence),
    usedBytes === null ? 'unknown' : formatBytes(usedBytes),
    availableBytes === null ? '' : formatBytes(availableBytes),
    blobs === null ? '' : formatCount(blobs),
  ])
  return formatTable(['node', '', '>us/byte', '>believed', '>used', '>disk takes', '>blobs'], rows)
}

/** A name: who has it, and where a new upload of it would go. */
export function renderName(
  name: string,
  { holders, answers }: { holders: readonly ShardHolders[]; answers: readonly CoordinatorAnswer[] },
): string[] {
  const having = holders.filter(({ nodes }) => nodes.some(({ state }) => state !== 'missing'))
  const where = having.some(({ nodes }) => nodes.some(({ state }) => state === 'found'))
    ? `${name} is in these shards; nodes are asked in this order`
    : `${name} is in no shard that could be asked`
  const rows = having.flatMap(({ shard, nodes }) =>
    nodes.map(({ node, url, state, status, code, sizeBytes, version }, at) => [
      at === 0 ? shard : '',
      node,
      url,
      [state, status, code].filter((part) => part !== undefined).join(' '),
      sizeBytes === undefined ? '' : formatBytes(sizeBytes),
      version ?? '',
    ]),
  )
  const table = formatTable(['shard', 'node', 'address', '', '>size', 'version'], rows)
  return [where, ...(rows.length === 0 ? [] : table), ...answers.flatMap(renderUploads)].map(showName)
}

function renderUploads(answer: CoordinatorAnswer): string[] {
  if ('error' in answer) return ['', `Coordinator ${answer.coordinator}: ${answer.error}`]
  const { sizeBytes, shards } = answer.explanation
  const rows = shards.map(({ shard, probability, reason, pain, softlyFull }) => {
    const remark = reason ?? (softlyFull === true ? 'below the soft limit' : '')
    return [shard, percent(probability), pain === undefined ? '' : count(pain), remark]
  })
  return [
    '',
    `A new upload of ${formatBytes(sizeBytes)} by ${answer.coordinator} would go to`,
    ...formatTable(['shard', '>probability', '>pain', ''], rows),
  ]
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`
}

function count(value: number): string {
  return formatCount(Math.round(value))
}
