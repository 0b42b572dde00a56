// What the load generator asks for: a line for each request, `target`, or `target`, a tab, and one header.
import { writeFileSync } from 'node:fs'
import { blobName } from '../store/blobs.mjs'
import { signLink } from '../../../packages/coordinator/dist/client.js'
import { guardedShard, openShard, token, user } from './system.mjs'

/** Longer than any run, the rounds that are repeated included. */
const validSeconds = 86_400

/** How a blob is asked for, by the number in its name. */
export const lineOf = {
  plainGet: (number) => `/${openShard}:${blobName(number)}`,
  plainPut: (number) => `/${blobName(number)}\tX-Backpack-Shard: ${openShard}`,
  openGet: (number) => `/get/${openShard}/${blobName(number)}`,
  linkGet: (number) => signedLink('GET', `/get/${guardedShard}/${blobName(number)}`),
  headerGet: (number) => withHeader(signedLink('GET', `/get/${guardedShard}/${blobName(number)}`)),
  linkPut: (number) => signedLink('PUT', `/upload/${guardedShard}/${blobName(number)}`),
  headerPut: (number) => withHeader(signedLink('PUT', `/upload/${guardedShard}/${blobName(number)}`)),
}

/** Writes the lines of blobs first … first + count − 1. */
export function writeTargets(path, { line, first = 0, count }) {
  const lines = Array.from({ length: count }, (_, index) => `${line(first + index)}\n`)
  writeFileSync(path, lines.join(''))
}

function signedLink(method, path) {
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + validSeconds
  return signLink({ method, path, user, token, expiresAtSeconds })
}

/** The signature covers the rest of the query alike, wherever it stands itself. */
function withHeader(link) {
  const [target, signature] = link.split('&signature=')
  return `${target}\tAuthorization: Backpack ${user}:${signature}`
}
