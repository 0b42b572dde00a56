export type { BlobHandle } from './blob-handle.js'
export type { BlobInfo, Location } from './blob-info.js'
export type { DiskFile, DiskFiles } from './disk/disk-files.js'
export { type Daemon, type DaemonOptions, startDaemon } from './http/start-daemon.js'
export { type ErrorMeaning, errorCatalogue, StoreError, type StoreErrorCode } from './errors.js'
export type { BodySource } from './incoming/receive-body.js'
export type { RedisValue, StoreLog, StoreOptions } from './options.js'
export type { RecoveryReport } from './recovery/recover-volume.js'
export type { ScanEntry, ScanOptions } from './scan.js'
export type { StoreStats, VolumeStats } from './stats.js'
export {
  type DeleteOptions,
  type DeleteResult,
  type Preconditions,
  type PutOptions,
  type PutResult,
  Store,
} from './store.js'
export type { ByteRange } from './volume/needle-reader.js'
