// A B A B …: load from elsewhere and a warming machine hit all contenders alike, and ratios are taken inside a round.

/** The middle value, or the mean of the two middle ones. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length === 0) throw new Error('the median of nothing')
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Measures every contender once per round; returns the runs of each, by its key. */
export async function interleave({ contenders, rounds, measure }) {
  const runs = new Map(contenders.map((contender) => [contender.key, []]))
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) runs.get(contender.key).push(await measure(contender, round))
  }
  return runs
}

/** Median over the rounds of `field` of ours divided by `field` of theirs. */
export function medianRatio(ours, theirs, field) {
  return median(ours.map((run, round) => run[field] / theirs[round][field]))
}

/** Median of one field over runs. */
export function medianOf(runs, field) {
  return median(runs.map((run) => run[field]))
}
