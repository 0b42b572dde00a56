// A data directory of millions of blobs without their data: whole index logs beside sparse volumes of the right size.
// Written with the engine's own format code; to recovery it looks like a store that was closed in good order.
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { blobBytes, blobName } from '../blobs.mjs'

const volumeBytesMax = 3500 * 2 ** 20
const blockPayloadBytesMax = 2 ** 20
const storeId = 1

/** Writes `DIR/volumes` for blobs 0 … count − 1 of 20 KB; returns how many volumes they take. */
export function writeIndexDirectory({ parts, directory, count }) {
  mkdirSync(join(directory, 'volumes'), { recursive: true })
  let next = 0
  let volumeId = 0
  while (next < count) next = writeVolume({ parts, directory, volumeId: ++volumeId, first: next, count })
  return volumeId
}

function writeVolume({ parts, directory, volumeId, first, count }) {
  const superblock = { volumeId, storeId, salt: randomBytes(16), createdAtMs: Date.now() }
  const indexFile = openSync(join(directory, 'volumes', parts.indexFileName(volumeId)), 'w')
  writeSync(indexFile, parts.encodeIndexHeader(superblock))
  let block = []
  let payloadBytes = 0
  let endBytes = parts.superblockBytes
  let number = first
  const flush = () => {
    if (block.length > 0) writeSync(indexFile, parts.encodeBlock(block, endBytes))
    block = []
    payloadBytes = 0
  }
  for (; number < count; number++) {
    const name = Buffer.from(blobName(number), 'latin1')
    const sizes = { nameLength: name.length, contentTypeLength: 0, dataLength: blobBytes }
    const lengthBytes = parts.needleLength(sizes)
    if (endBytes + lengthBytes > volumeBytesMax) break
    const record = parts.encodeRecord({
      ...sizes,
      name,
      offsetBytes: endBytes,
      lengthBytes,
      version: (BigInt(Date.now()) << 16n) | BigInt(storeId),
      tombstone: false,
      damage: false,
      dataChecksum: number,
    })
    if (payloadBytes + record.length > blockPayloadBytesMax) flush()
    block.push(record)
    payloadBytes += record.length
    endBytes += lengthBytes
  }
  flush()
  closeSync(indexFile)
  const volumeFile = openSync(join(directory, 'volumes', parts.volumeFileName(volumeId)), 'w')
  writeSync(volumeFile, parts.encodeSuperblock(superblock))
  ftruncateSync(volumeFile, endBytes)
  closeSync(volumeFile)
  return number
}
