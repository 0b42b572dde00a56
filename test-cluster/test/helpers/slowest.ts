import type { AcknowledgedUploads } from './acknowledged-uploads.js'

/** From asking to the answer, of the acknowledged upload that took longest. */
export function slowestMs({ acknowledged }: AcknowledgedUploads): number {
  return acknowledged.reduce((most, each) => Math.max(most, each.answeredAtMs - each.askedAtMs), 0)
}
