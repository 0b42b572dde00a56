/** What a tier puts into the configuration that all tiers share. */
export interface TierText {
  /** Lines of the main context, before everything else. */
  readonly main?: readonly string[]
  /** Lines of the http block. */
  readonly http: readonly string[]
  /** Lines of the server block; requests other than GET and HEAD do not come there. */
  readonly server: readonly string[]
  /** Sentences for whoever runs the command. */
  readonly warnings?: readonly string[]
}
