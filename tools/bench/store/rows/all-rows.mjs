// The rows of the table, in its order.
import { coldRow } from './cold-get.mjs'
import { hotRows } from './hot-get.mjs'
import { mixedRow } from './mixed-get.mjs'
import { openRow } from './open-store.mjs'
import { putRows } from './put.mjs'
import { redisRow } from './redis-memory.mjs'
import { scanRow } from './scan-store.mjs'
import { tableRow } from './table-memory.mjs'

/** @type {readonly import('../report/row.mjs').Row[]} */
export const rows = [...hotRows, coldRow, mixedRow, ...putRows, openRow, scanRow, tableRow, redisRow]
