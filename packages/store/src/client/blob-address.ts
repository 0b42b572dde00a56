// Where a daemon serves a name.

/** A daemon, and the request target at which it serves a blob. */
export interface BlobAddress {
  readonly base: URL
  /** Percent-encoded, with its slash. */
  readonly target: string
}

export const defaultUrl = 'http://127.0.0.1:10001'

/** The address of a name; only the slashes in it stay as they are. */
export function blobAddress(base: URL, name: string): BlobAddress {
  return { base, target: basePath(base) + name.split('/').map(encodeURIComponent).join('/') }
}

/** The address of a target as 2013 wrote it: raw after the slash, with query string and percent signs. */
export function rawAddress(base: URL, target: string): BlobAddress {
  const encoded = target.toWellFormed().replace(/[^\u0021-\u007e]+/g, encodeURIComponent)
  return { base, target: basePath(base) + encoded }
}

export function showAddress({ base, target }: BlobAddress): string {
  return base.origin + target
}

/** A daemon may stand behind a proxy, below a path. */
function basePath({ pathname }: URL): string {
  return pathname.endsWith('/') ? pathname : `${pathname}/`
}
