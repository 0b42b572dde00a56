// What both trees accept: paths and data that ZooKeeper takes, so that a model made in a file can move to it.
import { ClusterError } from '../errors.js'

/** Below ZooKeeper's 1 MiB for a whole request, with room for the path. */
export const nodeBytesMax = 1_000_000
/** From the call to its end, waits for the link or the lock included. */
export const operationMs = 5_000

const pathCharactersMax = 1_024
/** What ZooKeeper refuses: control characters, surrogates, private use, specials. */
const refusedCharacters = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/

/** Throws TypeError: paths are made by us, ids in them are checked where they enter. */
export function checkPath(path: string): void {
  if (path === '/') return
  const parts = path.split('/')
  const sound =
    parts.length > 1 &&
    parts[0] === '' &&
    parts.slice(1).every((part) => part !== '' && part !== '.' && part !== '..')
  if (!sound || path.length > pathCharactersMax || refusedCharacters.test(path)) {
    throw new TypeError(`Not a path of the tree: ${JSON.stringify(path)}`)
  }
}

/** As checkPath(), and refuses the root, which is neither created nor removed. */
export function checkPathBelowRoot(path: string): void {
  checkPath(path)
  if (path === '/') throw new TypeError('The root of the tree is neither created nor removed')
}

/** Throws NODE_TOO_LARGE. */
export function checkData(path: string, data: Buffer): void {
  if (data.length <= nodeBytesMax) return
  const message = `${path} would hold ${data.length} bytes; a node of the tree takes ${nodeBytesMax} at most`
  throw new ClusterError('NODE_TOO_LARGE', message, { path, bytes: data.length })
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export const treeErrors = {
  missing: (path: string, cause?: unknown) =>
    new ClusterError('NODE_MISSING', `There is no ${path} in the tree`, { path, cause }),
  exists: (path: string, cause?: unknown) =>
    new ClusterError('NODE_EXISTS', `${path} is in the tree already`, { path, cause }),
  notEmpty: (path: string, cause?: unknown) =>
    new ClusterError('NODE_NOT_EMPTY', `${path} has children`, { path, cause }),
  mismatch: (path: string, cause?: unknown) =>
    new ClusterError('VERSION_MISMATCH', `${path} was changed by somebody else`, { path, cause }),
  closed: () => new ClusterError('TREE_CLOSED', 'The tree is closed'),
}
