// The process behind TreeProcess: does what its standard input says, a line of JSON each, and ends with it.
import { createInterface } from 'node:readline'
import type { ClusterTree } from '../../src/tree/cluster-tree.js'
import { holdTurn, type Turn } from '../../src/tree/hold-turn.js'
import { openTree, type TreeAddress } from '../../src/tree/open-tree.js'

export type Order =
  | { readonly what: 'open'; readonly address: TreeAddress; readonly options: object }
  | { readonly what: 'create'; readonly path: string; readonly data: string; readonly ephemeral: boolean }
  | { readonly what: 'turn'; readonly path: string }
  | { readonly what: 'turnLog' }
  | { readonly what: 'increment'; readonly path: string; readonly times: number }

export interface Reply {
  readonly error?: string
  /** Of 'turnLog': when the turn was found held, in ms since 1970. */
  readonly heldAtMs?: readonly number[]
}

let tree: ClusterTree | undefined
let turn: Turn | undefined
const heldAtMs: number[] = []

async function carryOut(order: Order): Promise<Reply> {
  if (order.what === 'open') {
    tree = await openTree(order.address, order.options)
    return {}
  }
  if (order.what === 'turnLog') return { heldAtMs }
  if (tree === undefined) throw new Error('There is no tree')
  switch (order.what) {
    case 'create':
      await tree.create(order.path, Buffer.from(order.data), { ephemeral: order.ephemeral })
      return {}
    case 'turn':
      turn = holdTurn(tree, order.path, Buffer.from(String(process.pid)))
      while (!turn.held()) await new Promise((resolve) => setTimeout(resolve, 5))
      setInterval(() => {
        if (turn?.held() === true) heldAtMs.push(Date.now())
      }, 10)
      return {}
    case 'increment':
      await increment(tree, order)
      return {}
  }
}

async function increment(on: ClusterTree, { path, times }: { path: string; times: number }): Promise<void> {
  for (let done = 0; done < times; ) {
    const node = await on.get(path)
    if (node === undefined) throw new Error('The counter is gone')
    try {
      await on.set(path, Buffer.from(String(Number(node.data.toString()) + 1)), node.version)
      done++
    } catch (error) {
      if ((error as { code?: string }).code !== 'VERSION_MISMATCH') throw error
    }
  }
}

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  carryOut(JSON.parse(line) as Order).then(
    (reply) => console.log(JSON.stringify(reply)),
    (error: unknown) => console.log(JSON.stringify({ error: String(error) })),
  )
})
lines.on('close', () => process.exit())
