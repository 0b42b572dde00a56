// What a tree's file says, and how each operation changes it: pure functions over a frozen value.
import { checkPathBelowRoot, nameOf, parentOf, treeErrors } from './tree-rules.js'

export interface FileNode {
  readonly data: Buffer
  readonly version: number
  /** The revision that made it: tells it from one of the same path before it. */
  readonly created: number
  /** Of an ephemeral node: the tree that made it. */
  readonly owner: string | undefined
}

export interface TreeContent {
  /** Grows by one with each change of the file. */
  readonly revision: number
  /** By path. The root is always there. */
  readonly nodes: ReadonlyMap<string, FileNode>
}

export interface Changed<Result> {
  readonly content: TreeContent
  readonly result: Result
}

export const emptyContent: TreeContent = {
  revision: 0,
  nodes: new Map([['/', { data: Buffer.alloc(0), version: 0, created: 0, owner: undefined }]]),
}

/** Sorted names; undefined when there is no such node. */
export function childrenOf({ nodes }: TreeContent, path: string): string[] | undefined {
  if (!nodes.has(path)) return undefined
  return [...nodes.keys()]
    .filter((each) => each !== '/' && parentOf(each) === path)
    .map(nameOf)
    .sort()
}

/** Without the ephemeral nodes whose owner is gone. */
export function withoutOwners(content: TreeContent, isGone: (owner: string) => boolean): TreeContent {
  const entries = [...content.nodes]
  const kept = entries.filter(([, { owner }]) => owner === undefined || !isGone(owner))
  return kept.length === entries.length ? content : { ...content, nodes: new Map(kept) }
}

export function createNode(
  content: TreeContent,
  path: string,
  { data, owner }: Pick<FileNode, 'data' | 'owner'>,
): Changed<void> {
  checkPathBelowRoot(path)
  const parent = content.nodes.get(parentOf(path))
  if (parent === undefined) throw treeErrors.missing(parentOf(path))
  if (content.nodes.has(path)) throw treeErrors.exists(path)
  if (parent.owner !== undefined) throw new TypeError(`${parentOf(path)} is ephemeral and has no children`)
  const created = content.revision + 1
  return { content: withNode(content, path, { data, version: 0, created, owner }), result: undefined }
}

export function setNode(
  content: TreeContent,
  path: string,
  { data, version }: Pick<FileNode, 'data' | 'version'>,
): Changed<number> {
  const node = content.nodes.get(path)
  if (node === undefined) throw treeErrors.missing(path)
  if (node.version !== version) throw treeErrors.mismatch(path)
  const result = version + 1
  return { content: withNode(content, path, { ...node, data, version: result }), result }
}

export function removeNode(content: TreeContent, path: string, version: number | undefined): Changed<void> {
  checkPathBelowRoot(path)
  const node = content.nodes.get(path)
  if (node === undefined) throw treeErrors.missing(path)
  if (version !== undefined && node.version !== version) throw treeErrors.mismatch(path)
  if (childrenOf(content, path)?.length !== 0) throw treeErrors.notEmpty(path)
  const nodes = new Map(content.nodes)
  nodes.delete(path)
  return { content: { revision: content.revision + 1, nodes }, result: undefined }
}

/** Paths whose node, and paths whose children are others than before. */
export function differences(
  before: TreeContent,
  after: TreeContent,
): { readonly nodes: ReadonlySet<string>; readonly children: ReadonlySet<string> } {
  const nodes = new Set<string>()
  const children = new Set<string>()
  for (const path of new Set([...before.nodes.keys(), ...after.nodes.keys()])) {
    const old = before.nodes.get(path)
    const now = after.nodes.get(path)
    if (old === now) continue
    const another = old?.created !== now?.created
    if (another || !sameState(old, now)) nodes.add(path)
    if (another) children.add(path).add(parentOf(path))
  }
  return { nodes, children }
}

/** Data too, for a file that a person has edited. */
function sameState(old: FileNode | undefined, now: FileNode | undefined): boolean {
  return old?.version === now?.version && old?.data.equals(now?.data ?? Buffer.alloc(0)) === true
}

function withNode({ revision, nodes }: TreeContent, path: string, node: FileNode): TreeContent {
  return { revision: revision + 1, nodes: new Map(nodes).set(path, node) }
}
