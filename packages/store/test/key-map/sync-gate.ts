import { type DiskFiles, nodeDiskFiles } from '../../src/disk/disk-files.js'

/** Real files, with a hook before each sync: after the key map was asked, before it is told. */
export class SyncGate {
  beforeSync: (() => Promise<void>) | undefined
  readonly files: DiskFiles = {
    ...nodeDiskFiles,
    open: async (path, flags) => {
      const file = await nodeDiskFiles.open(path, flags)
      return {
        read: (buffer, position) => file.read(buffer, position),
        readSync: (buffer, position) => file.readSync(buffer, position),
        write: (buffers, position) => file.write(buffers, position),
        truncate: (sizeBytes) => file.truncate(sizeBytes),
        dataSync: async () => {
          await this.beforeSync?.()
          await file.dataSync()
        },
        size: () => file.size(),
        close: () => file.close(),
      }
    },
  }
}
