// The file of a FileTree: JSON that a person can read. Data is kept as text where it is UTF-8, else as base64.
import { z } from 'zod'
import { ClusterError } from '../errors.js'
import { emptyContent, type FileNode, type TreeContent } from './file-tree-content.js'
import { identityPattern } from './process-identity.js'
import { checkPath, nodeBytesMax, parentOf } from './tree-rules.js'

/** Far above what a cluster needs; a larger file is no tree. */
export const fileBytesMax = 64 * 1024 * 1024

const formatName = 'backpack-tree'
const problemsShownMax = 3

const countSchema = z.int().min(0)

const fields = {
  version: countSchema,
  created: countSchema,
  owner: z
    .string()
    .refine((text) => identityPattern.exec(text)?.[0] === text, 'is no owner')
    .optional(),
}

const nodeSchema = z.union([
  z
    .strictObject({ ...fields, text: z.string() })
    .transform(({ text, ...node }) => ({ ...node, data: Buffer.from(text, 'utf8') })),
  z
    .strictObject({ ...fields, base64: z.base64() })
    .transform(({ base64, ...node }) => ({ ...node, data: Buffer.from(base64, 'base64') })),
])

const pathSchema = z.string().refine(isPath, 'is no path')

const fileSchema = z.strictObject({
  format: z.literal(formatName),
  formatVersion: z.literal(1),
  revision: countSchema,
  nodes: z.record(pathSchema, nodeSchema),
})

/** Throws TREE_DAMAGED, saying what is wrong; `filePath` is for its message. */
export function decodeTree(filePath: string, bytes: Buffer): TreeContent {
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw damaged(filePath, 'it is not JSON', cause)
  }
  const parsed = fileSchema.safeParse(json)
  if (!parsed.success) {
    const problems = parsed.error.issues
      .slice(0, problemsShownMax)
      .map(({ path, message }) => `${path.join(' ') || 'the file'}: ${message}`)
    throw damaged(filePath, problems.join('; '))
  }
  const { revision } = parsed.data
  const nodes = new Map<string, FileNode>(
    Object.entries(parsed.data.nodes).map(([path, node]) => [path, { ...node, owner: node.owner }]),
  )
  for (const [path, { data }] of nodes) {
    if (path !== '/' && !nodes.has(parentOf(path))) throw damaged(filePath, `${path} has no parent`)
    if (data.length > nodeBytesMax) throw damaged(filePath, `${path} holds more than ${nodeBytesMax} bytes`)
  }
  return { revision, nodes: new Map([...emptyContent.nodes, ...nodes]) }
}

export function encodeTree({ revision, nodes }: TreeContent): Buffer {
  const entries = [...nodes].sort(([one], [other]) => (one < other ? -1 : 1))
  const shown = entries.map(([path, { data, ...node }]) => [path, { ...node, ...showData(data) }])
  const file = { format: formatName, formatVersion: 1, revision, nodes: Object.fromEntries(shown) as object }
  return Buffer.from(`${JSON.stringify(file, null, 2)}\n`, 'utf8')
}

export function damaged(filePath: string, reason: string, cause?: unknown): ClusterError {
  const advice = 'restore it from a backup, or move it away to begin with an empty cluster'
  const message = `${filePath} cannot be read as a cluster's tree: ${reason}; ${advice}`
  return new ClusterError('TREE_DAMAGED', message, { path: filePath, cause })
}

function showData(data: Buffer): { text: string } | { base64: string } {
  const text = data.toString('utf8')
  return Buffer.from(text, 'utf8').equals(data) ? { text } : { base64: data.toString('base64') }
}

function isPath(path: string): boolean {
  try {
    checkPath(path)
    return true
  } catch {
    return false
  }
}
