// Carries a plan out: under the edit lock, each write by compare-and-set, planned again when somebody was faster.
import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterError, isClusterError } from '../errors.js'
import type { ClusterTree } from '../tree/cluster-tree.js'
import type { ClusterModel, ReadModel } from './cluster-model.js'
import { takeEditLock } from './edit-lock.js'
import type { EditPlan, PlannedWrite } from './edit-plan.js'

/** Only tools of 2013 and the publisher of sizes write without the lock. */
const triesMax = 20
const retryMs = 50
/** Longer than a session lives whose process was killed. */
const defaultWaitMs = 15_000

export interface EditOptions {
  /** Plans against the present model and changes nothing. */
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** How long to wait for another admin's edit; 15 s. */
  readonly waitMs?: number | undefined
}

export interface EditReport {
  /** What is true now, or would be after a dry run, in sentences. */
  readonly done: readonly string[]
  readonly warnings: readonly string[]
  /** Whether anything was written, or would have been. */
  readonly changed: boolean
}

export interface Edit<Model extends ClusterModel> {
  /** What the plan needs to know; read again when somebody was faster. */
  read(tree: ClusterTree): Promise<ReadModel<Model>>
  plan(model: Model): EditPlan
}

/** Throws EDIT_REFUSED, EDIT_LOCKED, MODEL_MISSING, MODEL_INVALID, TREE_AWAY, TREE_CLOSED and the signal's reason. */
export async function applyEdit<Model extends ClusterModel>(
  tree: ClusterTree,
  edit: Edit<Model>,
  options: EditOptions,
): Promise<EditReport> {
  const progress = { attempted: false, written: false }
  try {
    if (options.dryRun === true) {
      return report(edit.plan((await edit.read(tree)).model), false)
    }
    const lock = await takeEditLock(tree, { waitMs: options.waitMs ?? defaultWaitMs, signal: options.signal })
    try {
      return await applyUnderLock(tree, edit, { signal: options.signal, progress })
    } finally {
      await lock.release()
    }
  } catch (error) {
    throw explainAbsence(error, progress)
  }
}

interface Progress {
  /** Whether a write was sent, whatever came of it. */
  attempted: boolean
  written: boolean
}

async function applyUnderLock<Model extends ClusterModel>(
  tree: ClusterTree,
  edit: Edit<Model>,
  { signal, progress }: { signal: AbortSignal | undefined; progress: Progress },
): Promise<EditReport> {
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted()
    const { model, versions } = await edit.read(tree)
    const plan = edit.plan(model)
    try {
      for (const each of plan.writes) {
        progress.attempted = true
        await write(tree, each, versions)
        progress.written = true
      }
      return report(plan, progress.written)
    } catch (error) {
      if (tries === triesMax || !isLostRace(error)) throw error
      await sleep(Math.random() * retryMs)
    }
  }
}

async function write(tree: ClusterTree, { path, data }: PlannedWrite, versions: ReadModel['versions']) {
  const version = versions.get(path)
  if (version === undefined) await tree.create(path, data)
  else await tree.set(path, data, version)
}

function isLostRace(error: unknown): boolean {
  if (!isClusterError(error)) return false
  return ['VERSION_MISMATCH', 'NODE_EXISTS', 'NODE_MISSING'].includes(error.code)
}

function report({ done, warnings, writes }: EditPlan, written: boolean): EditReport {
  return { done, warnings, changed: written || writes.length > 0 }
}

/** Who edits wants to know one thing above all when the tree goes away: what of it has happened. */
function explainAbsence(error: unknown, { attempted }: Progress): unknown {
  if (!isClusterError(error) || error.code !== 'TREE_AWAY') return error
  const outcome = attempted
    ? 'the change may have been made in part, and the model is valid either way: run it again'
    : 'nothing was changed'
  return new ClusterError('TREE_AWAY', `${error.message}; ${outcome}`, { ...error.details, cause: error })
}
