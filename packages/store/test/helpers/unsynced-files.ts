import { type DiskFiles, nodeDiskFiles } from '../../src/disk/disk-files.js'

/** Real files whose syncs return at once, for tests that open a store hundreds of times and pull no plug. */
export const unsyncedFiles: DiskFiles = {
  ...nodeDiskFiles,
  async open(path, flags) {
    const file = await nodeDiskFiles.open(path, flags)
    return {
      read: (buffer, position) => file.read(buffer, position),
      readSync: (buffer, position) => file.readSync(buffer, position),
      write: (buffers, position) => file.write(buffers, position),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      dataSync: () => Promise.resolve(),
      size: () => file.size(),
      close: () => file.close(),
    }
  },
  syncDirectory: () => Promise.resolve(),
}
