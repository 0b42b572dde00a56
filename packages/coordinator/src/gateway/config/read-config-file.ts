// Reads a configuration and the files it names, so that what is accepted can be used: YAML, of which JSON is a part.
import { readRegularFile, reasonOfUnread } from '@backpack/signing'
import { dirname } from 'node:path'
import { Lexer, LineCounter, parseDocument, type YAMLError } from 'yaml'
import {
  configError,
  configProblems,
  type GatewayConfig,
  type ParsedConfig,
  parseGatewayConfig,
} from './gateway-config.js'
import { type NamedPaths, pathsIn, readNamedFiles } from './named-files.js'
import { isBlank, proxyOf } from './section.js'

export interface ReadConfig {
  readonly config: GatewayConfig
  /** Names that are known and mean nothing here. */
  readonly inert: readonly string[]
}

export const configBytesMax = 1024 * 1024
const depthMax = 20
const aliasesMax = 100
/** The parser's code. */
const repeatedName = 'DUPLICATE_KEY'
const tooDeep = `the configuration has more than ${depthMax} levels`
/** Stands before each scalar that the lexer finds: what follows is no bracket, whatever it looks like. */
const scalarMark = '\x1f'

/** The text of the file. Throws INVALID_OPTIONS: it cannot be read, is no regular file, or is above 1 MiB. */
export async function readConfigText(file: string): Promise<string> {
  try {
    return (await readRegularFile(file, { bytesMax: configBytesMax })).toString('utf8')
  } catch (cause) {
    throw configError([`${file} cannot be read: ${reasonOfUnread(cause)}`], cause)
  }
}

/** What the text says, unchecked. Throws INVALID_OPTIONS with the place of what is no YAML; the message shows no text. */
export function parseConfigText(text: string): unknown {
  const { value, problems } = parseText(text)
  if (problems.length > 0) throw configError(problems)
  return value
}

/** As parseConfigText(), but for names that are there twice: with those, `problems`, the rest can be looked at still. */
function parseText(text: string): { readonly value: unknown; readonly problems: readonly string[] } {
  if (bracketDepth(text) > depthMax) throw configError([tooDeep])
  const lines = new LineCounter()
  let value: unknown
  let problems: readonly string[]
  try {
    const document = parseDocument(text, { prettyErrors: false, lineCounter: lines })
    const found = [...document.errors, ...document.warnings]
    problems = [...new Set(found.map((problem) => describeFault(problem, lines)))]
    if (found.some(({ code }) => code !== repeatedName)) throw configError(problems)
    value = document.toJS({ maxAliasCount: aliasesMax })
  } catch (error) {
    if (error instanceof Error && 'details' in error) throw error
    // Aliases without an anchor, or too many; nested too deeply for the parser.
    throw configError(['this is neither YAML nor JSON'], error)
  }
  if (!isShallow(value, depthMax)) throw configError([tooDeep])
  return { value, problems }
}

function describeFault({ code, pos }: YAMLError, lines: LineCounter): string {
  const { line, col } = lines.linePos(pos[0])
  const fault = code === repeatedName ? 'this name is there twice' : `this is neither YAML nor JSON (${code})`
  return `line ${line}, column ${col}: ${fault}`
}

export interface ReadOptions {
  /** Paths to look at: all that it names, or fewer. */
  readonly paths: NamedPaths
  /** Relative paths count from here. */
  readonly folder: string
  /** Whether a configuration without an address is refused. */
  readonly addressNeeded: boolean
  /** What is known to be wrong already. */
  readonly problems: readonly string[]
}

/** Checks a configuration and reads the token and the certificate it names. Throws INVALID_OPTIONS with every problem. */
export async function readConfig(
  value: unknown,
  { paths, folder, addressNeeded, problems: known }: ReadOptions,
): Promise<ReadConfig> {
  const { redirectToken, problems: ofFiles } = await readNamedFiles(value, paths)
  const { address, https_address: httpsAddress } = proxyOf(value)
  const isMissing = addressNeeded && isBlank(address) && isBlank(httpsAddress)
  const ofAddress = isMissing ? ['proxy.address: is missing; https_address would do too'] : []
  const others = [...ofFiles, ...ofAddress]
  let parsed: ParsedConfig
  try {
    parsed = parseGatewayConfig(value, folder)
  } catch (error) {
    throw configError([...known, ...configProblems(error), ...others], error)
  }
  if (known.length + others.length > 0) throw configError([...known, ...others])
  const { config, inert } = parsed
  return { config: Object.freeze({ ...config, redirectToken: redirectToken ?? config.redirectToken }), inert }
}

/** As readConfig() of what stands in the file; the text is for telling whether it changed. */
export async function readConfigFile(
  file: string,
  { addressNeeded = false }: { readonly addressNeeded?: boolean } = {},
): Promise<ReadConfig & { readonly text: string }> {
  const text = await readConfigText(file)
  const { value, problems } = parseText(text)
  const folder = dirname(file)
  const paths = pathsIn(value, folder)
  return { ...(await readConfig(value, { paths, folder, addressNeeded, problems })), text }
}

/** Found without recursion: the parser's memory grows out of bounds with thousands of brackets that never close. */
function bracketDepth(text: string): number {
  let depth = 0
  let deepest = 0
  let before = ''
  for (const lexeme of new Lexer().lex(text)) {
    if (before !== scalarMark && (lexeme === '[' || lexeme === '{')) deepest = Math.max(deepest, ++depth)
    else if (before !== scalarMark && (lexeme === ']' || lexeme === '}')) depth--
    before = lexeme
  }
  return deepest
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1))
}
