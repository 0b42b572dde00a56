// What the benchmark uses of the store from the inside; bundled into the work folder before it runs.
export {
  encodeBlock,
  encodeIndexHeader,
  encodeRecord,
} from '../../../../packages/store/src/index/index-format.js'
export { NameHash } from '../../../../packages/store/src/key-map/name-hash.js'
export { TableKeyMap } from '../../../../packages/store/src/key-map/table-key-map.js'
export { nodeDiskFiles } from '../../../../packages/store/src/disk/disk-files.js'
export { needleLength } from '../../../../packages/store/src/needle/needle-format.js'
export { indexFileName, volumeFileName } from '../../../../packages/store/src/volume/volume-file.js'
export { encodeSuperblock, superblockBytes } from '../../../../packages/store/src/volume/superblock.js'
