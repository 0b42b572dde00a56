// The Lua that Redis runs, each script atomic. All but `claim` and `peek` do nothing unless the token is still the one
// that this process set last: a command that was late, or a Redis that came back older, is found out by Redis itself.

/**
 * Takes the map over. KEYS registry, token, marker, files of 2013; ARGV store id, prefix, new token.
 * Gives 'claimed' and the marker's fields, or 'taken' with the other store's id and prefix, or '2013'.
 */
const claim = `
local stores = redis.call('HGETALL', KEYS[1])
for at = 1, #stores, 2 do
  local shorter = math.min(#stores[at + 1], #ARGV[2])
  if stores[at] ~= ARGV[1] and stores[at + 1]:sub(1, shorter) == ARGV[2]:sub(1, shorter) then
    return { 'taken', stores[at], stores[at + 1] }
  end
end
if redis.call('TYPE', KEYS[4]).ok == 'hash' then return { '2013' } end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SET', KEYS[2], ARGV[3])
return { 'claimed', redis.call('HGETALL', KEYS[3]) }
`

/**
 * Points names at their needles and, with a new token, moves a volume's marker. KEYS token, marker, blobs …; ARGV
 * token, new token or '', volume id, marker value, locations …. Gives 1, or 0 when the token is another one.
 */
const publish = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for at = 3, #KEYS do redis.call('SET', KEYS[at], ARGV[at + 2]) end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
  redis.call('SET', KEYS[1], ARGV[2])
end
return 1
`

/** Empties the marker; with a codec sample also begins it anew. KEYS token, marker; ARGV token, sample or ''. */
const resetMarker = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
if ARGV[2] ~= '' then redis.call('HSET', KEYS[2], 'codec', ARGV[2]) end
return 1
`

/** The beginning of strings, nothing for keys of other types. KEYS any; ARGV how many bytes. */
const peek = `
local values = {}
for at = 1, #KEYS do
  local value = redis.pcall('GETRANGE', KEYS[at], 0, ARGV[1] - 1)
  values[at] = type(value) == 'string' and value or ''
end
return values
`

/** Deletes keys that still have the value that was judged. KEYS token, blobs …; ARGV token, values …. */
const forget = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for at = 2, #KEYS do
  if redis.call('GET', KEYS[at]) == ARGV[at] then redis.call('DEL', KEYS[at]) end
end
return 1
`

export const scripts = { claim, publish, resetMarker, peek, forget } as const

export type ScriptName = keyof typeof scripts
