// CommonJS, because the size of libuv's thread pool is only obeyed before any ES module is loaded.
'use strict'

const threads = '8'

if (process.env.UV_THREADPOOL_SIZE === undefined) process.env.UV_THREADPOOL_SIZE = threads
import('../dist/embedded/main.js').then((main) => main.runEmbedded(process.argv))
