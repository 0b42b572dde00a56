// Backrunner's LookupResult: what each node of a shard says about one blob. Pure.
import { type NodeBlob, pathOfName, type ServerNode } from '@backpack/cluster-model'
import { hash } from 'node:crypto'

/** What a node said, or why it said nothing. */
export type NodeFinding = { readonly node: ServerNode } & (
  | { readonly blob: Pick<NodeBlob, 'version' | 'etag' | 'sizeBytes'> }
  | { readonly absent: 'missing' | 'deleted' }
  | { readonly away: string }
)

/** As Elliptics said it: a negative errno, and a sentence. */
export interface LookupError {
  readonly Code: number
  readonly Flags: number
  readonly Message: string
}

export interface LookupInfo {
  /** The node's id; a number when it is made of digits, as a group of Elliptics was. */
  readonly group: number | string
  readonly backend: 0
  /** SHA-512 of the key, in hex. */
  readonly id: string
  /** Eight hex digits: the CRC-32 of the blob. '' when there is none. */
  readonly csum: string
  /** The blob's target on the node. '' when there is none. */
  readonly filename: string
  /** Bytes. */
  readonly size: number
  readonly 'offset-within-data-file': 0
  /** When the blob was taken, RFC 3339; null when there is none. */
  readonly mtime: string | null
  /** `host:port` */
  readonly server: string
  readonly error: LookupError | null
}

export interface LookupResult {
  readonly info: readonly LookupInfo[]
  readonly 'success-groups': readonly (number | string)[]
  readonly 'error-groups': readonly (number | string)[]
}

const errnoNoEntry = -2
const errnoNoDevice = -6

/** `findings` in the order in which they are to be listed. */
export function lookupResultOf(key: string, findings: readonly NodeFinding[]): LookupResult {
  const id = hash('sha512', key, 'hex')
  const info = findings.map((finding): LookupInfo => {
    const { node } = finding
    const blob = 'blob' in finding ? finding.blob : undefined
    return {
      group: groupOf(node.id),
      backend: 0,
      id,
      csum: blob === undefined ? '' : checksumOf(blob.etag),
      filename: blob === undefined ? '' : pathOfName(key),
      size: blob?.sizeBytes ?? 0,
      'offset-within-data-file': 0,
      mtime: blob === undefined ? null : timeOf(blob.version),
      server: `${node.host.includes(':') ? `[${node.host}]` : node.host}:${node.port}`,
      error: errorOf(finding),
    }
  })
  const groupsThat = (failed: boolean) =>
    info.filter(({ error }) => (error !== null) === failed).map(({ group }) => group)
  return { info, 'success-groups': groupsThat(false), 'error-groups': groupsThat(true) }
}

/** How a node is called where Backrunner had a group of Elliptics. */
export function groupOf(nodeId: string): number | string {
  const number = Number(nodeId)
  // Only what is the same when it is written again.
  return /^\d+$/.test(nodeId) && Number.isSafeInteger(number) && String(number) === nodeId ? number : nodeId
}

function checksumOf(etag: string): string {
  return /-([0-9a-f]{8})"$/.exec(etag)?.[1] ?? ''
}

/** The upper 48 bits of a version are milliseconds since 1970. */
function timeOf(version: string): string {
  return new Date(Number.parseInt(version.slice(0, 12), 16)).toISOString()
}

function errorOf(finding: NodeFinding): LookupError | null {
  if ('blob' in finding) return null
  if ('away' in finding) return { Code: errnoNoDevice, Flags: 0, Message: finding.away }
  const Message = finding.absent === 'deleted' ? 'The blob was deleted' : 'There is no blob of this name'
  return { Code: errnoNoEntry, Flags: 0, Message }
}
