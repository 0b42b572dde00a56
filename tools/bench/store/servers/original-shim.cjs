// Preload for the 2013 package on a Node of today, so that its files need no change:
// aligned-buffer (a native addon that no longer compiles), process.binding('constants') as one flat object, file
// closing without a callback. O_DIRECT is dropped unless BACKPACK_2013_DIRECT=1: the page cache is the faster choice.
'use strict'
const Module = require('node:module')
const fs = require('node:fs')

const direct = process.env.BACKPACK_2013_DIRECT === '1'
const pageBytes = 4096
const ringBytes = 256 * 1024 * 1024
// WebAssembly memory is page-aligned, which Buffers are not; a ring stands for malloc and free. It holds thousands of
// blobs, far more than are ever under way at once.
const ring = direct ? new WebAssembly.Memory({ initial: ringBytes / 65_536 }).buffer : undefined
let ringOffset = 0

const alignedBuffer = {
  alignment: () => pageBytes,
  buffer(_alignment, bytes) {
    if (ring === undefined) return Buffer.allocUnsafe(bytes)
    if (ringOffset + bytes > ringBytes) ringOffset = 0
    const buffer = Buffer.from(ring, ringOffset, bytes)
    ringOffset += Math.ceil(bytes / pageBytes) * pageBytes
    return buffer
  },
}

const load = Module._load
Module._load = function (request, ...rest) {
  return request === 'aligned-buffer' ? alignedBuffer : load.call(this, request, ...rest)
}

const flatConstants = { ...fs.constants, O_DIRECT: direct ? fs.constants.O_DIRECT : 0 }
const binding = process.binding
process.binding = (name) => (name === 'constants' ? flatConstants : binding.call(process, name))

const close = fs.close
fs.close = (fd, callback = () => {}) => close(fd, callback)
process.removeAllListeners('warning')
