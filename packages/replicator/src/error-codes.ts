// Decisions about errors go by their code: an error may come from another bundle's copy of the class.
export { codeOf, detailOf } from '@backpack/cluster-model'

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
