// Which file below the root a path stands for. Pure: links are looked at where the file is opened.

/**
 * The parts of a decoded path, to be joined to the root; undefined for what names no file: with a part that is empty,
 * begins with a dot (so `.` and `..`, too), or holds a backslash or a control character.
 */
export function staticPathOf(path: string): readonly string[] | undefined {
  const parts = path.split('/').slice(1)
  return parts.length > 0 && path.startsWith('/') && parts.every(isPlainPart) ? parts : undefined
}

function isPlainPart(part: string): boolean {
  return part !== '' && !part.startsWith('.') && !/[\\\u0000-\u001f\u007f]/.test(part) && part.isWellFormed()
}
