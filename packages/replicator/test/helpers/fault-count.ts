/** Whether the long counts run: `npm run test:faults`. */
export const fullFaults = process.env['BACKPACK_FAULTS_FULL'] === '1'

/** The number of rounds for this run, printed, so that a report can say what was done. */
export function faultCount(purpose: string, { short, full }: { short: number; full: number }): number {
  const count = fullFaults ? full : short
  console.log(`${purpose}: ${count} (${fullFaults ? 'full' : 'short'} count)`)
  return count
}
