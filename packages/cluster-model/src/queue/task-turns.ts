// Which server of the queue hands a task out first, and which ones after it, by rendezvous hashing: everybody who knows the
// same servers finds the same order, and a server that comes or goes changes only the turns it takes or had.

/** For each server its turn with this member: 0 the first. The same for any order of `servers`, which are told apart by name. */
export function turnsOf(member: string, servers: readonly string[]): number[] {
  const weights = servers.map((server) => hash(`${server} ${member}`))
  return servers.map((server, at) => {
    const own = weights[at] as number
    return weights.reduce((turn, weight, other) => {
      const sooner = weight > own || (weight === own && (servers[other] as string) < server)
      return sooner ? turn + 1 : turn
    }, 0)
  })
}

/** FNV-1a over UTF-16 code units, with the finalizer of MurmurHash3: names that differ in one digit lie far apart. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193)
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}
