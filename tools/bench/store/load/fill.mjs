// Filling a server with blobs over HTTP, and comparing bytes of random ones.
import { blobBody, blobBytes, blobName } from '../blobs.mjs'
import { HttpConnection, getRequest, putRequestHead } from './http-client.mjs'

const fillConnections = 32
const spotChecks = 200

/** PUTs blobs first … first + count − 1; throws on the first answer that is not 200, 201 or 204. */
export async function fillOverHttp({ port, pool, first = 0, count, connections = fillConnections }) {
  let next = first
  const end = first + count
  await Promise.all(
    Array.from({ length: Math.min(connections, count) }, async () => {
      const connection = await HttpConnection.open(port)
      while (next < end) {
        const number = next++
        const { status } = await connection.send(
          putRequestHead(port, blobName(number), blobBytes),
          blobBody(pool, number),
        )
        if (![200, 201, 204].includes(status)) throw new Error(`PUT ${blobName(number)} answered ${status}`)
      }
      connection.close()
    }),
  )
}

/** Reads every blob once, in order, so that all is in the page cache and every handle that a server keeps is open. */
export async function warmAll({ port, first = 0, count, connections = fillConnections }) {
  let next = first
  const end = first + count
  await Promise.all(
    Array.from({ length: Math.min(connections, count) }, async () => {
      const connection = await HttpConnection.open(port)
      while (next < end) {
        const name = blobName(next++)
        const { status, body } = await connection.send(getRequest(port, name))
        if (status !== 200 || body.length !== blobBytes)
          throw new Error(`GET ${name} answered ${status}, ${body.length} bytes`)
      }
      connection.close()
    }),
  )
}

/** Compares the bytes of random blobs; throws where they differ. */
export async function spotCheck({ port, pool, first = 0, count, checks = spotChecks }) {
  const connection = await HttpConnection.open(port)
  try {
    for (let check = 0; check < checks; check++) {
      const number = first + Math.floor(Math.random() * count)
      const { status, body } = await connection.send(getRequest(port, blobName(number)))
      if (status !== 200) throw new Error(`GET ${blobName(number)} answered ${status}`)
      if (!body.equals(blobBody(pool, number)))
        throw new Error(`GET ${blobName(number)} answered other bytes than were stored`)
    }
  } finally {
    connection.close()
  }
}
