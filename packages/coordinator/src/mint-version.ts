// Versions of what a coordinator writes. It gives them itself, and the same one to every node it tries: a request that
// reaches a node late, out of a socket's buffer after the coordinator went on to the next node, then is the same needle
// again, or older than what came after it, and never newer.
import { randomInt } from 'node:crypto'

const tailBits = 16n
const tails = 2 ** 16

/**
 * Sixteen hex digits: milliseconds since 1970 in the upper 48 bits, chance in the lower 16. Later than `present`, the
 * version that a node has of the same name.
 */
export function mintVersion(present?: string): string {
  const presentMs = present === undefined ? -1n : BigInt(`0x${present}`) >> tailBits
  const nowMs = BigInt(Date.now())
  const ms = nowMs > presentMs ? nowMs : presentMs + 1n
  return ((ms << tailBits) | BigInt(randomInt(tails))).toString(16).padStart(16, '0')
}
