// @ts-check
// The house rules that neither the compiler nor the linter can see. Pure: a file's path and text in, problems out.

/**
 * @typedef {object} SourceFile
 * @property {string} path relative to the workspace, with forward slashes
 * @property {string} text
 *
 * @typedef {object} Problem
 * @property {string} path
 * @property {number} line 1 or more
 * @property {string} message
 *
 * @typedef {(file: SourceFile) => Problem[]} Rule
 */

const linesMax = 300
const codeFile = /\.(ts|mts|cts|js|mjs|cjs|sh|lua)$/
const ownCode = /^(packages\/[^/]+\/(src|bin|test|examples)|tools|test-cluster)\//
const shippedCode = /^(packages\/[^/]+\/src|tools|test-cluster)\//
const librarySource = /^packages\/([^/]+)\/src\//
const testFile = /\.test\.[cm]?ts$/
const lockfile = /(^|\/)pnpm-lock\.yaml$/

/** What each package may import of its siblings: the arrows go one way. */
const siblingsAllowed = new Map([
  ['command-line', ['signing']],
  ['signing', []],
  ['http-rules', []],
  ['store', ['command-line', 'http-rules', 'signing']],
  ['cluster-model', ['signing']],
  ['coordinator', ['cluster-model', 'command-line', 'http-rules', 'signing']],
  ['replicator', ['cluster-model', 'command-line', 'signing']],
])

/** @type {readonly Rule[]} */
const rules = [
  checkLength,
  checkFileName,
  checkUtilities,
  checkDefaultExports,
  checkPostponedWork,
  checkFocusedTests,
  checkSiblingImports,
  checkRegistryHosts,
  checkLocalPaths,
]

/**
 * @param {SourceFile} file
 * @returns {Problem[]}
 */
export function findProblems(file) {
  return rules.flatMap((rule) => rule(file))
}

/** @type {Rule} */
function checkLength({ path, text }) {
  if (!shippedCode.test(path) || !codeFile.test(path)) return []
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return lines <= linesMax
    ? []
    : [{ path, line: linesMax + 1, message: `${lines} lines; split it at ${linesMax}` }]
}

/** @type {Rule} */
function checkFileName({ path }) {
  if (!ownCode.test(path) || !codeFile.test(path)) return []
  const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$/
  return kebabCase.test(baseName(path)) ? [] : [{ path, line: 1, message: 'name files in kebab-case' }]
}

/** @type {Rule} */
function checkUtilities({ path }) {
  const unnamed = /^(utils?|helpers?|misc|common)\.[cm]?[jt]s$/
  if (!ownCode.test(path) || !unnamed.test(baseName(path))) return []
  return [{ path, line: 1, message: 'name the file after what it does' }]
}

/** @type {Rule} */
function checkDefaultExports(file) {
  if (!librarySource.test(file.path)) return []
  return grep(file, /^\s*export\s+default\b|\bas\s+default\b/, () => 'export by name')
}

/** @type {Rule} */
function checkPostponedWork(file) {
  return grep(file, /\b(TO[D]O|FIX[M]E)\b/, ([word]) => `${word}: do it, or describe it in docs`)
}

/** @type {Rule} */
function checkFocusedTests(file) {
  if (!testFile.test(file.path)) return []
  return grep(file, /\.(only|skip)\(/, ([call]) => `a test with ${call}) hides others or itself`)
}

/** @type {Rule} */
function checkSiblingImports(file) {
  const own = librarySource.exec(file.path)?.[1]
  if (own === undefined) return []
  const allowed = siblingsAllowed.get(own) ?? []
  const depth = file.path.split('/').length - 4
  const leavesSource = `^(\\.\\./){${depth + 1},}`
  return grep(file, /(?:\bfrom|\bimport\(?|\brequire\()\s*['"]([^'"]+)['"]/, ([, specifier = '']) => {
    const sibling = /^@backpack\/([^/]+)/.exec(specifier)?.[1]
    if (sibling !== undefined && !allowed.includes(sibling)) return `${own} may not import ${specifier}`
    return new RegExp(leavesSource).test(specifier) ? `${specifier} leaves the package's src` : undefined
  })
}

/** @type {Rule} */
function checkRegistryHosts(file) {
  if (lockfile.test(file.path)) {
    return grep(file, /tarball:|https?:\/\//, () => 'the lockfile names where a package came from')
  }
  const host = /\bregistry\.[a-z0-9-]+\.[a-z]+|\bnpm\.pkg\.github\b|^\s*(@[\w-]+:)?registry\s*=/i
  return grep(file, host, () => 'no registry addresses: they belong to the machine')
}

/** @type {Rule} */
function checkLocalPaths(file) {
  const path = /(?<![\w.~/-])\/(work|root|home\/[\w.-]+|Users\/[\w.-]+)\//
  return grep(file, path, ([found]) => `${found} exists on one machine only`)
}

/**
 * One problem for each line that matches, unless `describe` finds nothing wrong with it.
 *
 * @param {SourceFile} file
 * @param {RegExp} pattern
 * @param {(match: RegExpExecArray) => string | undefined} describe
 * @returns {Problem[]}
 */
function grep({ path, text }, pattern, describe) {
  return text.split('\n').flatMap((content, index) => {
    const match = pattern.exec(content)
    const message = match === null ? undefined : describe(match)
    return message === undefined ? [] : [{ path, line: index + 1, message }]
  })
}

/** @param {string} path */
function baseName(path) {
  return path.slice(path.lastIndexOf('/') + 1)
}
