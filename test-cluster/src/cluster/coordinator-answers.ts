/** What a coordinator answers to an upload. */
export interface Uploaded {
  readonly shardId: string
  readonly version: string
  readonly etag: string
  readonly copies: number
}

/** Some of a coordinator's `/stats`, as in 2013. */
export interface CoordinatorStats {
  readonly total_shards: number
  readonly writable_shards: number
  readonly queue_length: number
  readonly processed_uploads: number
  readonly failed_uploads: number
}
