// The bucket file of Backrunner's manual, as valid JSON, and the servers it names.

export const readerToken = 'secure unused wildcard token'
export const writerToken = 'secure token'

export const manualAcl = [
  { user: '*', token: readerToken, flags: 1 },
  { user: 'writer', token: writerToken, flags: 2 },
]

export const manualFile = {
  generic: { acl: manualAcl, flags: 0, 'max-size': 0, 'max-key-num': 0 },
  buckets: {
    b1: { groups: [1, 2] },
    b2: { groups: [3, 4] },
    b3: { groups: [5, 6] },
    b4: { groups: [7, 8, 9] },
    b5: { groups: [10, 11, 12] },
  },
}

export const manualServers = Array.from({ length: 12 }, (_, index) => String(index + 1))
