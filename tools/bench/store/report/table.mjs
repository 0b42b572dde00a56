// The table that the benchmark prints.
import { verdict } from './row.mjs'

const heading = ['work', 'ours', 'theirs', 'ratio', 'goal', '', 'against']

/** @param {import('./row.mjs').Line[]} lines */
export function formatTable(lines) {
  const rows = [heading, heading.map(() => '---'), ...lines.map(formatLine)]
  const widths = heading.map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)))
  return rows
    .map((row) => {
      const cells = row.map((cell, column) =>
        cell === '---' ? '-'.repeat(widths[column]) : cell.padEnd(widths[column]),
      )
      return `| ${cells.join(' | ')} |`
    })
    .join('\n')
}

function formatLine(line) {
  const { work, unit, ours, theirs, value, goal, against = '', notes } = line
  return [
    work,
    `${formatNumber(ours)} ${unit}`,
    theirs === undefined ? '' : `${formatNumber(theirs)} ${unit}`,
    theirs === undefined ? '' : value.toFixed(2),
    formatGoal(goal),
    verdict(line),
    [against, ...notes].filter(Boolean).join('; '),
  ]
}

function formatGoal(goal) {
  if (goal?.most !== undefined) return `≤ ${goal.most}`
  return goal?.least === undefined ? '' : `≥ ${goal.least}`
}

function formatNumber(value) {
  if (value >= 1000) return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
