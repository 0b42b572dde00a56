// Nodes that do not do what they are asked, as targets or as sources. A node that is away is left alone by all tasks, and
// asked from here whether it is back, so that the tasks of others never wait for it.
import type { NodeClient, ServerNode } from '@backpack/cluster-model'
import { codeOf } from './error-codes.js'
import type { ReplicatorLimits } from './limits.js'

/** What the others of the cluster are to be told. */
export interface AwayListener {
  /** Leave the node alone that long; called again as long as it is away. */
  away(nodeId: string, pauseMs: number, reason: string): void
  back(nodeId: string): void
}

export type NodeUse = 'read' | 'write'

interface NodeState {
  /** In a row, of a node that says that it is ready. */
  readonly hiccups: Record<NodeUse, number>
  pauseMs: number
  away: { readonly why: 'silent' | 'failing' | 'full'; untilMs: number } | undefined
  probe: Promise<boolean> | undefined
}

type Limits = Pick<ReplicatorLimits, 'hiccupsMax' | 'pauseMsMin' | 'pauseMsMax' | 'probeEveryMs' | 'probeMs'>

export class AwayNodes {
  readonly #nodes: Pick<NodeClient, 'getJson'>
  readonly #limits: Limits
  readonly #listener: AwayListener
  /** The address of a node as the model has it now. */
  readonly #addressOf: (nodeId: string) => ServerNode | undefined
  readonly #states = new Map<string, NodeState>()
  readonly #timer: NodeJS.Timeout

  constructor(
    {
      nodes,
      limits,
      addressOf,
    }: {
      nodes: Pick<NodeClient, 'getJson'>
      limits: Limits
      addressOf: (nodeId: string) => ServerNode | undefined
    },
    listener: AwayListener,
  ) {
    this.#nodes = nodes
    this.#limits = limits
    this.#listener = listener
    this.#addressOf = addressOf
    this.#timer = setInterval(() => this.#look(), Math.min(limits.probeEveryMs, limits.pauseMsMin))
  }

  has(nodeId: string): boolean {
    return this.#states.get(nodeId)?.away !== undefined
  }

  ids(): string[] {
    return [...this.#states].filter(([, { away }]) => away !== undefined).map(([id]) => id)
  }

  noteSuccess(nodeId: string, use: NodeUse): void {
    const state = this.#states.get(nodeId)
    if (state === undefined) return
    state.hiccups[use] = 0
    if (use === 'write') state.pauseMs = 0
  }

  /** The node did not answer. Resolves once it is known whether it is away: it may only have dropped one connection. */
  async noteFailure(node: ServerNode, use: NodeUse, reason: string): Promise<void> {
    const state = this.#stateOf(node.id)
    if (state.away !== undefined) return
    const ready = await this.#isReady(node, state)
    if (this.has(node.id)) return
    if (!ready) this.#leaveAlone(node.id, state, 'silent', reason)
    else if (++state.hiccups[use] >= this.#limits.hiccupsMax) {
      this.#leaveAlone(node.id, state, 'failing', reason)
    }
  }

  noteFull({ id }: ServerNode, reason: string): void {
    const state = this.#stateOf(id)
    if (state.away === undefined) this.#leaveAlone(id, state, 'full', reason)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #stateOf(nodeId: string): NodeState {
    const known = this.#states.get(nodeId)
    if (known !== undefined) return known
    const state: NodeState = {
      hiccups: { read: 0, write: 0 },
      pauseMs: 0,
      away: undefined,
      probe: undefined,
    }
    this.#states.set(nodeId, state)
    return state
  }

  #leaveAlone(
    nodeId: string,
    state: NodeState,
    why: NonNullable<NodeState['away']>['why'],
    reason: string,
  ): void {
    const { pauseMsMin, pauseMsMax } = this.#limits
    state.pauseMs = Math.min(pauseMsMax, Math.max(pauseMsMin, state.pauseMs * 2))
    state.away = { why, untilMs: performance.now() + state.pauseMs }
    this.#listener.away(nodeId, state.pauseMs, reason)
  }

  #look(): void {
    for (const [id, state] of this.#states) if (state.away !== undefined) void this.#lookAt(id, state)
  }

  /** A silent node is back when it says so; one that failed though it was ready, or is full, when its pause is over. */
  async #lookAt(nodeId: string, state: NodeState): Promise<void> {
    const node = this.#addressOf(nodeId)
    if (node === undefined) {
      this.#states.delete(nodeId)
      return
    }
    if (state.probe !== undefined) return
    const ready = await this.#isReady(node, state)
    const { away } = state
    if (away === undefined) return
    const over = performance.now() >= away.untilMs
    if (ready && (away.why === 'silent' || over)) {
      state.away = undefined
      state.hiccups.read = 0
      state.hiccups.write = 0
      this.#listener.back(nodeId)
    } else if (over) {
      this.#leaveAlone(nodeId, state, away.why, 'it is still away')
    }
  }

  /** One question at a time, whoever asks. */
  #isReady(node: ServerNode, state: NodeState): Promise<boolean> {
    state.probe ??= this.#ask(node).finally(() => {
      state.probe = undefined
    })
    return state.probe
  }

  async #ask(node: ServerNode): Promise<boolean> {
    try {
      await this.#nodes.getJson(node, '/-/ready', AbortSignal.timeout(this.#limits.probeMs))
      return true
    } catch (error) {
      // Whatever it answers, it answers; what is wrong with it a task will find out.
      return codeOf(error) === 'NODE_REFUSED'
    }
  }
}
