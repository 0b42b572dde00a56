// The type of a blob whose sender did not say it.
import { lookup } from 'mime-types'
import { posix } from 'node:path'
import { isMediaType } from '../put-rules.js'

/** What curl sends with --data unless told otherwise; it says nothing of the data. */
const formType = 'application/x-www-form-urlencoded'

/** The type that the extension of a name stands for, a query string left out; undefined when nobody knows it. */
export function guessContentType(name: string): string | undefined {
  const [path = ''] = name.split('?', 1)
  const extension = posix.extname(path)
  return (extension !== '' && lookup(extension)) || undefined
}

/** The type to store: the one given when it is one, else a guess by the name. */
export function contentTypeFor(name: string, given = ''): string | undefined {
  const said = isMediaType(given) && given.split(';', 1)[0]?.trim().toLowerCase() !== formType
  return said ? given : guessContentType(name)
}
