// Who wants to know of which change. Listeners must not throw.
import type { TreeState } from './cluster-tree.js'

export type WatchKind = 'node' | 'children'

type Listener = () => void

export class TreeListeners {
  readonly #byPath = { node: new Map<string, Set<Listener>>(), children: new Map<string, Set<Listener>>() }
  readonly #ofState = new Set<(state: TreeState) => void>()

  /** The same function given twice counts twice. Gives the way to take it away again. */
  add(kind: WatchKind, path: string, changed: Listener): () => void {
    const byPath = this.#byPath[kind]
    const listeners = byPath.get(path) ?? new Set()
    const listener = () => changed()
    listeners.add(listener)
    byPath.set(path, listeners)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && byPath.get(path) === listeners) byPath.delete(path)
    }
  }

  addForState(changed: (state: TreeState) => void): () => void {
    const listener = (state: TreeState) => changed(state)
    this.#ofState.add(listener)
    return () => this.#ofState.delete(listener)
  }

  has(kind: WatchKind, path: string): boolean {
    return this.#byPath[kind].has(path)
  }

  paths(kind: WatchKind): readonly string[] {
    return [...this.#byPath[kind].keys()]
  }

  call(kind: WatchKind, path: string): void {
    for (const listener of [...(this.#byPath[kind].get(path) ?? [])]) listener()
  }

  /** For when changes may have been missed. */
  callAll(): void {
    for (const kind of ['node', 'children'] as const) {
      for (const path of this.paths(kind)) this.call(kind, path)
    }
  }

  callForState(state: TreeState): void {
    for (const listener of [...this.#ofState]) listener(state)
  }

  clear(): void {
    this.#byPath.node.clear()
    this.#byPath.children.clear()
    this.#ofState.clear()
  }
}
