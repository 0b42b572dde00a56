// The port to store nodes over HTTP: what coordinator and replicator ask of them. nodes/http-node-client.ts implements it.
import type { Readable } from 'node:stream'
import type { ServerNode } from '../cluster-snapshot.js'

/** What a store says of one blob; from the headers of its answers. */
export interface NodeBlob {
  /** Sixteen hex digits. */
  readonly version: string
  /** With quotes: `"<version>-<checksum>"`. */
  readonly etag: string
  readonly sizeBytes: number
  readonly contentType: string
  readonly lastModified: string | undefined
}

export type HeadResult =
  | { readonly outcome: 'found'; readonly blob: NodeBlob }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'deleted'; readonly version: string | undefined }

export type GetResult =
  | { readonly outcome: 'found'; readonly blob: NodeBlob; readonly body: Readable }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'deleted'; readonly version: string | undefined }

export type PutNodeResult =
  /** `created` is false when exactly this needle was there already (204). */
  | { readonly outcome: 'stored'; readonly created: boolean; readonly version: string; readonly etag: string }
  /** 409: the node has a newer version, or a tombstone of it. */
  | { readonly outcome: 'older'; readonly version: string | undefined }

export type DeleteNodeResult =
  | { readonly outcome: 'deleted'; readonly version: string }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'older'; readonly version: string | undefined }

export interface PutNodeOptions {
  readonly sizeBytes: number
  readonly contentType: string | undefined
  /** The same for every node that is tried, and for copies. */
  readonly version?: string | undefined
  /** CRC-32 of the body, eight hex digits, as in the ETag. Needed by a client that signs: stores refuse any other body then. */
  readonly checksum?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A body that can be sent again when a node fails: bytes, or what opens a fresh stream. */
export type ResendableBody = Buffer | (() => Readable)

/**
 * `path` is the blob's target on the node. Every call throws NODE_AWAY (no connection, no answer within its deadline,
 * 503: then details.status and details.code) or NODE_REFUSED (any other status; details.status, details.code), and the signal's reason when aborted.
 */
export interface NodeClient extends AsyncDisposable {
  head(node: ServerNode, path: string, signal?: AbortSignal): Promise<HeadResult>
  get(node: ServerNode, path: string, signal?: AbortSignal): Promise<GetResult>
  put(node: ServerNode, path: string, body: ResendableBody, options: PutNodeOptions): Promise<PutNodeResult>
  delete(node: ServerNode, path: string, version?: string, signal?: AbortSignal): Promise<DeleteNodeResult>
  /** GET of one of the node's own routes, such as `/-/stats`; the parsed JSON (at most 16 MiB), unchecked. */
  getJson(node: ServerNode, target: string, signal?: AbortSignal): Promise<unknown>
  /** As getJson(), for answers of any length, such as `/-/digest`; to be read to its end or destroyed. */
  getStream(node: ServerNode, target: string, signal?: AbortSignal): Promise<Readable>
  close(): Promise<void>
}
