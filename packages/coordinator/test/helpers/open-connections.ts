// Connections as the kernel knows them: who does not read does not hear that the other side has closed.
import { readFileSync } from 'node:fs'

const established = '01'
const halfClosed = '08'

/** The clients' ports of the connections that were accepted at a port of this machine and that its server has not closed. */
export function openConnections(port: number): Set<number> {
  const peers = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state = '']) => {
      return portOf(local) === port && (state === established || state === halfClosed)
    })
    .map(([, , peer = '']) => portOf(peer))
  return new Set(peers)
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
}
