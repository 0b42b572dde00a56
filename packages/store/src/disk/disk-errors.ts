// Turns the operating system's errors on writing into the store's.
import { StoreError } from '../errors.js'

export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'DISK_FULL'
}

export function writeError(cause: unknown, message: string): StoreError {
  if (cause instanceof StoreError) return cause
  if (isDiskFull(cause))
    return new StoreError('DISK_FULL', 'The disk is full; blobs already stored are served', { cause })
  return new StoreError('WRITE_FAILED', message, { cause })
}
