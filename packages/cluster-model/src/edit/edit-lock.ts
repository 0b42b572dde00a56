// One admin edits at a time: an ephemeral znode that says who. Edits are safe without it, since each write is
// compare-and-set; it keeps their parts together and says whom to ask.
import { hostname, userInfo } from 'node:os'
import { ClusterError, codeOf, isClusterError } from '../errors.js'
import type { ClusterTree } from '../tree/cluster-tree.js'
import { treePaths } from '../znode-paths.js'

export interface EditLock {
  /** Never throws: when the tree is away the lock goes with the session. */
  release(): Promise<void>
}

const path = treePaths.editLock

/**
 * Waits up to `waitMs` for whoever holds it, who is named when it throws EDIT_LOCKED. Throws TREE_AWAY, TREE_CLOSED and the
 * signal's reason.
 */
export async function takeEditLock(
  tree: ClusterTree,
  { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal | undefined },
): Promise<EditLock> {
  const deadlineMs = performance.now() + waitMs
  const data = Buffer.from(JSON.stringify(describeSelf()))
  while (true) {
    signal?.throwIfAborted()
    if (await tryToTake(tree, data)) return { release: () => release(tree, data) }
    const leftMs = deadlineMs - performance.now()
    if (leftMs <= 0) {
      const holder = await describeHolder(tree)
      throw new ClusterError('EDIT_LOCKED', `The cluster is being edited by ${holder}`, { holder })
    }
    await untilReleased(tree, leftMs, signal)
  }
}

async function tryToTake(tree: ClusterTree, data: Buffer): Promise<boolean> {
  try {
    await tree.create(path, data, { ephemeral: true })
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'NODE_EXISTS') return false
    // It may stand nevertheless, and would for as long as this session lives.
    if (code === 'TREE_AWAY') void release(tree, data)
    throw error
  }
}

/**
 * Only what is ours: after a session that expired another admin may have it. When the tree is away it is tried again once it
 * is back, since the session may have outlived that.
 */
async function release(tree: ClusterTree, data: Buffer): Promise<void> {
  try {
    const node = await tree.get(path)
    if (node?.ephemeral === 'own' && node.data.equals(data)) await tree.remove(path, node.version)
  } catch (error) {
    if (!isClusterError(error)) throw error
    if (error.code !== 'TREE_AWAY') return
    const stop = tree.onState((state) => {
      if (state !== 'connected') return
      stop()
      void release(tree, data)
    })
  }
}

/** Resolves when the lock has been released, at the latest after `limitMs`. */
function untilReleased(tree: ClusterTree, limitMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let ended = false
    const end = (settle: () => void) => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      stopWatching()
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    const look = () => {
      tree.get(path).then(
        (node) => {
          if (node === undefined) end(resolve)
        },
        (error: Error) => end(() => reject(error)),
      )
    }
    const onAbort = () => end(() => reject(signal?.reason as Error))
    const timer = setTimeout(() => end(resolve), limitMs)
    const stopWatching = tree.watchNode(path, look)
    signal?.addEventListener('abort', onAbort, { once: true })
    // Either may have happened before anybody listened.
    if (signal?.aborted === true) onAbort()
    else look()
  })
}

function describeSelf() {
  return { user: userName(), hostname: hostname(), pid: process.pid, sinceMs: Date.now() }
}

/** A user id without an entry in the password file has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}

async function describeHolder(tree: ClusterTree): Promise<string> {
  const node = await tree.get(path)
  if (node === undefined) return 'somebody who has just finished'
  try {
    const holder = JSON.parse(node.data.toString('utf8')) as Partial<ReturnType<typeof describeSelf>>
    const since = new Date(Number(holder.sinceMs)).toISOString()
    return `${holder.user} on ${holder.hostname} (process ${holder.pid}), since ${since}`
  } catch {
    return 'somebody who does not say who'
  }
}
