// Decisions about errors go by their code: an error may come from another bundle's copy of the class.
import { clusterErrorCatalogue, type ClusterErrorCode } from '@backpack/cluster-model'

/** Undefined when the error has none of our codes. */
export function codeOf(error: unknown): ClusterErrorCode | undefined {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && Object.hasOwn(clusterErrorCatalogue, code)
    ? (code as ClusterErrorCode)
    : undefined
}

/** A detail of a coded error; undefined when it has none of that name. */
export function detailOf(error: unknown, name: string): unknown {
  const { details } = (error ?? {}) as { details?: Readonly<Record<string, unknown>> }
  return details?.[name]
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
