// What a row of the table is, and how two interleaved series of runs become one.
import { medianOf, medianRatio } from '../measure/interleave.mjs'

/**
 * @typedef {object} Goal at least or at most this ratio (or value, where there is nothing to compare with)
 * @property {number} [most]
 * @property {number} [least]
 *
 * @typedef {object} Line one line of the table
 * @property {string} key of its row, for --only
 * @property {string} work
 * @property {string} unit of `ours` and `theirs`
 * @property {number} ours
 * @property {number} [theirs]
 * @property {number} value what the goal is about: the ratio, or `ours`
 * @property {string} [against]
 * @property {Goal} [goal]
 * @property {string[]} notes
 * @property {{ ours: object[], theirs: object[] }} [runs] every run that counted
 *
 * @typedef {object} Row
 * @property {string} key
 * @property {string[]} programs that have to be there
 * @property {(context: Context) => Promise<Line[]>} measure
 *
 * @typedef {object} Context
 * @property {string} work a folder on a real disk
 * @property {Buffer[]} pool bodies
 * @property {number} blobs
 * @property {number} runs
 * @property {number} seconds per run
 * @property {(text: string) => void} say
 */

/** @returns {Line} */
export function compare({ key, work, unit, field, goal }, { ours, theirs, against, notes = [] }) {
  const voids = [...ours, ...theirs].flatMap((run) => run.voids ?? [])
  const thrownAway = voids.length > 0 ? [`${voids.length} void runs repeated`] : []
  return {
    key,
    work,
    unit,
    ours: medianOf(ours, field),
    theirs: medianOf(theirs, field),
    value: medianRatio(ours, theirs, field),
    against,
    goal,
    notes: [...notes, ...thrownAway],
    runs: { ours, theirs },
  }
}

/** A line about one figure of ours. @returns {Line} */
export function single({ key, work, unit, value, goal, notes = [] }) {
  return { key, work, unit, ours: value, value, goal, notes }
}

/** 'met', 'missed', or '' without a goal. @param {Line} line */
export function verdict({ value, goal }) {
  if (goal === undefined) return ''
  return value <= (goal.most ?? Number.POSITIVE_INFINITY) && value >= (goal.least ?? 0) ? 'met' : 'missed'
}
