// Width and height from the first bytes of a PNG or JPEG.

export interface ImageSize {
  readonly kind: 'png' | 'jpeg'
  readonly width: number
  readonly height: number
}

const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex')

export function imageSize(bytes: Buffer): ImageSize {
  if (bytes.subarray(0, pngSignature.length).equals(pngSignature)) {
    return { kind: 'png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
  }
  if (bytes.readUInt16BE(0) !== 0xffd8) throw new Error('Neither PNG nor JPEG')
  let at = 2
  while (at < bytes.length) {
    const marker = bytes.readUInt16BE(at)
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker)
    if (isFrame)
      return { kind: 'jpeg', height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) }
    at += 2 + bytes.readUInt16BE(at + 2)
  }
  throw new Error('A JPEG without a frame')
}
