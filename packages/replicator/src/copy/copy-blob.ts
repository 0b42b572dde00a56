// One copy in reading order: has the target got it → ask a source → pass the bytes on → is it the same.
import {
  checksumOfEtag,
  type GetResult,
  type HeadResult,
  type NodeBlob,
  type PutNodeResult,
  type ServerNode,
  type Task,
} from '@backpack/cluster-model'
import type { Readable } from 'node:stream'
import { codeOf, detailOf } from '../error-codes.js'
import type { CopyParts } from '../parts.js'
import { PassingBody, readWhole } from './checked-body.js'
import { chooseSources } from './choose-sources.js'
import { deleteBlob } from './delete-blob.js'
import { failedAtAll, type Miss, sourceFailure } from './source-failure.js'
import type { TaskPlace } from './place-task.js'
import { targetFailure } from './target-failure.js'
import { done, type TaskResult } from './task-result.js'

interface CopyRequest {
  readonly task: Task
  readonly target: ServerNode
  readonly signal: AbortSignal
}

/**
 * After 'done' the target has the version of the task, or what is newer: a blob or a tombstone. A copy is durable as the
 * target's store promises. Rejects with the signal's reason.
 */
export async function copyBlob(
  parts: CopyParts,
  { task, place, lookFirst }: { task: Task; place: TaskPlace; lookFirst: boolean },
  signal: AbortSignal,
): Promise<TaskResult> {
  const { away, model, limits } = parts
  const request = { task, target: place.target, signal }
  const sources = chooseSources(task, place, model.snapshot.servers, (id) => away.has(id))
  const misses: Miss[] = []
  const hopeless = sources.length > 0 && sources.every(({ id }) => away.has(id))
  const looked = hopeless || !lookFirst ? {} : await lookAtTarget(parts, request)
  if (looked.result !== undefined) return looked.result
  for (const source of sources) {
    const answer = away.has(source.id)
      ? { miss: { why: 'away', reason: `${source.id} is away` } as const }
      : await copyFrom(parts, source, request, looked.there)
    if ('result' in answer) return answer.result
    misses.push(answer.miss)
  }
  return failedAtAll(limits, misses)
}

/** What the target has; or the result, when that is enough or nothing can be had of it. */
async function lookAtTarget(
  parts: CopyParts,
  { task, target, signal }: CopyRequest,
): Promise<{ there?: HeadResult; result?: TaskResult }> {
  try {
    const there = await parts.nodes.head(target, task.path, signal)
    const enough = task.version !== undefined && hasVersion(there, task.version)
    return enough ? { result: done('present') } : { there }
  } catch (error) {
    signal.throwIfAborted()
    const status = detailOf(error, 'status')
    // A damaged blob, say: a sound copy on top of it heals it.
    if (codeOf(error) === 'NODE_REFUSED' && typeof status === 'number' && status >= 500) return {}
    return { result: await targetFailure(parts, target, error) }
  }
}

/** Asks one source; the next one is asked after a miss. */
async function copyFrom(
  parts: CopyParts,
  source: ServerNode,
  request: CopyRequest,
  there: HeadResult | undefined,
): Promise<{ result: TaskResult } | { miss: Miss }> {
  const { task, target, signal } = request
  let got: GetResult
  try {
    got = await parts.nodes.get(source, task.path, signal)
  } catch (error) {
    return sourceFailure(parts, source, error, signal)
  }
  if (got.outcome === 'missing') return { miss: { why: 'absent', reason: `${source.id} answers 404` } }
  if (got.outcome === 'deleted') {
    const { version } = got
    if (version === undefined || isOlder(version, task.version)) {
      return { miss: { why: 'absent', reason: `${source.id} has an older tombstone` } }
    }
    if (hasVersion(there, version)) return { result: done('present') }
    return { result: await deleteBlob(parts, { ...task, op: 'delete', version }, target, signal) }
  }
  const { blob, body } = got
  // Whatever way this goes, the stream ends here: until then it holds a connection.
  body.on('error', () => undefined)
  try {
    if (isOlder(blob.version, task.version)) {
      return { miss: { why: 'absent', reason: `${source.id} has the older version ${blob.version}` } }
    }
    if (hasVersion(there, blob.version)) return { result: done('present') }
    return await passOn(parts, { source, blob, body }, request)
  } finally {
    body.destroy()
  }
}

async function passOn(
  parts: CopyParts,
  { source, blob, body }: { source: ServerNode; blob: NodeBlob; body: Readable },
  { task, target, signal }: CopyRequest,
): Promise<{ result: TaskResult } | { miss: Miss }> {
  const { sizeBytes, contentType, version } = blob
  const passing = new PassingBody(body, blob, parts.bandwidth, signal)
  let whole: Buffer | undefined
  let put: PutNodeResult
  try {
    if (sizeBytes <= parts.limits.memoryBodyBytesMax) whole = await readWhole(body, blob)
  } catch (error) {
    return sourceFailure(parts, source, error, signal)
  }
  if (whole !== undefined) await parts.bandwidth.take(sizeBytes, signal)
  try {
    const checksum = checksumOfEtag(blob.etag)
    const options = { sizeBytes, contentType, version, checksum, signal }
    put = await parts.nodes.put(target, task.path, whole ?? (() => passing.open()), options)
  } catch (error) {
    if (passing.failure !== undefined) return sourceFailure(parts, source, passing.failure.error, signal)
    signal.throwIfAborted()
    return { result: await targetFailure(parts, target, error) }
  }
  parts.away.noteSuccess(source.id, 'read')
  parts.away.noteSuccess(target.id, 'write')
  if (put.outcome === 'older') return { result: done('present') }
  if (put.etag !== blob.etag) {
    const reason = `The copy at ${target.id} has the ETag ${put.etag} instead of ${blob.etag} as at ${source.id}`
    parts.log.error({ path: task.path, source: source.id, target: target.id }, reason)
    return { result: { outcome: 'refused', reason } }
  }
  return { result: put.created ? done('copied', sizeBytes) : done('present') }
}

function hasVersion(there: HeadResult | undefined, version: string): boolean {
  if (there === undefined || there.outcome === 'missing') return false
  const present = there.outcome === 'found' ? there.blob.version : there.version
  return present !== undefined && present >= version
}

/** Versions are hex digits of one length: they sort as text. */
function isOlder(version: string, wanted: string | undefined): boolean {
  return wanted !== undefined && version < wanted
}
