// The Lua that each Redis of the queue runs, every script atomic there and by that server's clock. KEYS[1] is the queue's
// key; the other keys are made from it, so the servers may not be a Redis Cluster. Lists come flat, see the comments.

const prelude = `
local key = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function own(to) return key .. ':tasks:' .. to end
local function later(to) return key .. ':later:' .. to end
local function leased(to) return key .. ':leased:' .. to end
local targets = key .. ':targets'
local attempts = key .. ':attempts'
local begun = key .. ':begun'
local parked = key .. ':parked'
local reasons = key .. ':parked-reasons'
local paused = key .. ':paused'
local failing = key .. ':failing'
local needsRepair = key .. ':needs-repair'
local repairing = key .. ':repairing'

-- The set that holds a task, its score, and whether it is another server's turn first.
local function find(to, member)
  local score = redis.call('ZSCORE', own(to), member)
  if score then return own(to), score, false end
  score = redis.call('ZSCORE', later(to), member)
  if score then return later(to), score, true end
end

-- Before a task's score is moved for the first time: when it was queued.
local function noteQueued(member, score, turnMs)
  redis.call('ZADD', begun, 'NX', score - turnMs, member)
end

local function forget(to, member)
  local removed = redis.call('ZREM', own(to), member) + redis.call('ZREM', later(to), member)
  redis.call('ZREM', leased(to), member)
  redis.call('ZREM', begun, member)
  redis.call('HDEL', attempts, member)
  return removed > 0
end

local function queue(to, turnMs, member)
  redis.call('ZADD', turnMs == 0 and own(to) or later(to), now + turnMs, member)
  redis.call('SADD', targets, to)
end

local function unpark(member)
  if redis.call('ZREM', parked, member) == 0 then return false end
  redis.call('HDEL', reasons, member)
  return true
end
`

/** ARGV tasks per target, failing ms, then per task: to, this server's turn in ms, member. */
const push = `
for at = 3, #ARGV, 3 do
  local to, turnMs, member = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2]
  if not find(to, member) and redis.call('HEXISTS', needsRepair, to) == 0 then
    local since = redis.call('HGET', failing, to)
    local count = redis.call('ZCARD', own(to)) + redis.call('ZCARD', later(to))
    if count >= tonumber(ARGV[1]) or (since and now - since > tonumber(ARGV[2])) then
      redis.call('HSET', needsRepair, to, now)
    else
      unpark(member)
      queue(to, turnMs, member)
    end
  end
end
return 1
`

/**
 * ARGV limit, lease ms, a seed, ms between two servers' turns, most members of a set of 2013, then targets to leave alone.
 * Gives two lists: per task member, to, attempts, queued at, 1 when it is another server's turn first; members of 2013.
 */
const claim = `
local except = {}
for at = 6, #ARGV do except[ARGV[at]] = true end
local open = {}
for _, to in ipairs(redis.call('SMEMBERS', targets)) do
  local untilMs = redis.call('HGET', paused, to)
  if untilMs and tonumber(untilMs) <= now then
    redis.call('HDEL', paused, to)
    untilMs = false
  end
  if redis.call('EXISTS', own(to), later(to)) == 0 then
    redis.call('SREM', targets, to)
  elseif not untilMs and not except[to] then
    open[#open + 1] = to
  end
end
math.randomseed(tonumber(ARGV[3]))
for at = #open, 2, -1 do
  local other = math.random(at)
  open[at], open[other] = open[other], open[at]
end
local left = tonumber(ARGV[1])
local untilMs = now + ARGV[2]
local taken = {}
local function take(setOf, share, turnMs)
  for _, to in ipairs(open) do
    if left <= 0 then return end
    local set = setOf(to)
    local due = redis.call('ZRANGEBYSCORE', set, '-inf', now, 'WITHSCORES', 'LIMIT', 0, math.min(share, left))
    for at = 1, #due, 2 do
      local member = due[at]
      noteQueued(member, due[at + 1], turnMs)
      redis.call('ZADD', set, untilMs, member)
      redis.call('ZADD', leased(to), untilMs, member)
      taken[#taken + 1] = member
      taken[#taken + 1] = to
      taken[#taken + 1] = redis.call('HGET', attempts, member) or '0'
      taken[#taken + 1] = redis.call('ZSCORE', begun, member)
      taken[#taken + 1] = turnMs == 0 and '0' or '1'
      left = left - 1
    end
  end
end
local share = math.ceil(left / math.max(1, #open))
local turnMs = tonumber(ARGV[4])
take(own, share, 0)
take(own, left, 0)
take(later, share, turnMs)
take(later, left, turnMs)
local old = {}
if redis.call('TYPE', key).ok == 'set' then old = redis.call('SRANDMEMBER', key, ARGV[5]) end
return { taken, old }
`

/** ARGV per task: to, member. Gives for each 2 when it is here first or parked, 1 when it is here for later, else 0. */
const holds = `
local found = {}
for at = 1, #ARGV, 2 do
  local set, _, isLater = find(ARGV[at], ARGV[at + 1])
  if redis.call('ZSCORE', parked, ARGV[at + 1]) or (set and not isLater) then found[#found + 1] = 2
  else found[#found + 1] = set and 1 or 0 end
end
return found
`

/** ARGV failures so far or '', then per task: to, delay ms, this server's turn in ms, member. Due again after that. */
const release = `
for at = 2, #ARGV, 4 do
  local to, delayMs, turnMs, member = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local set, score, isLater = find(to, member)
  if set then
    if not isLater then turnMs = 0 end
    noteQueued(member, score, turnMs)
    redis.call('ZADD', set, now + delayMs + turnMs, member)
    redis.call('ZREM', leased(to), member)
    if ARGV[1] ~= '' then redis.call('HSET', attempts, member, ARGV[1]) end
  end
end
return 1
`

/** ARGV lease ms, then per task: to, this server's turn in ms, member. Where it was not claimed it stays away as well. */
const renew = `
for at = 2, #ARGV, 3 do
  local to, turnMs, member = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local set, score, isLater = find(to, member)
  if set then
    local isLeased = redis.call('ZSCORE', leased(to), member)
    if not isLater then turnMs = 0 end
    noteQueued(member, score, turnMs)
    if isLeased then
      redis.call('ZADD', leased(to), now + ARGV[1], member)
      turnMs = 0
    end
    if isLeased or tonumber(score) < now + ARGV[1] + turnMs then
      redis.call('ZADD', set, now + ARGV[1] + turnMs, member)
    end
  end
end
return 1
`

/** ARGV per task: to, member. */
const complete = `
for at = 1, #ARGV, 2 do
  forget(ARGV[at], ARGV[at + 1])
  -- A node where something was done answers.
  redis.call('HDEL', failing, ARGV[at])
end
return 1
`

/** ARGV parked tasks at most, reason, 1 to park it even if it is not here, to, member. */
const park = `
local to, member = ARGV[4], ARGV[5]
if not forget(to, member) and ARGV[3] ~= '1' then return 0 end
if ARGV[3] ~= '1' and redis.call('ZCARD', parked) >= tonumber(ARGV[1]) then
  redis.call('HSETNX', repairing, to, now)
else
  redis.call('ZADD', parked, 'NX', now, member)
  redis.call('HSET', reasons, member, ARGV[2])
end
return 1
`

/** ARGV from, how many. Gives per task: member, parked at, reason. */
const listParked = `
local listed = {}
local found = redis.call('ZRANGE', parked, ARGV[1], ARGV[1] + ARGV[2] - 1, 'WITHSCORES')
for at = 1, #found, 2 do
  listed[#listed + 1] = found[at]
  listed[#listed + 1] = found[at + 1]
  listed[#listed + 1] = redis.call('HGET', reasons, found[at]) or ''
end
return listed
`

/** ARGV per task: to, this server's turn in ms, member. Gives the members that were parked. */
const retry = `
local retried = {}
for at = 1, #ARGV, 3 do
  if unpark(ARGV[at + 2]) then
    queue(ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2])
    retried[#retried + 1] = ARGV[at + 2]
  end
end
return retried
`

/** ARGV to, pause ms, leases to end at most. */
const pause = `
local to, untilMs = ARGV[1], now + ARGV[2]
redis.call('HSET', paused, to, untilMs)
for _, member in ipairs(redis.call('ZRANGEBYSCORE', leased(to), now, '+inf', 'LIMIT', 0, ARGV[3])) do
  local set = find(to, member)
  if set then redis.call('ZADD', set, untilMs, member) end
  redis.call('ZREM', leased(to), member)
end
return 1
`

/** ARGV to, failing or answering. */
const mark = `
if ARGV[2] == 'failing' then redis.call('HSETNX', failing, ARGV[1], now)
else redis.call('HDEL', failing, ARGV[1]) end
return 1
`

/** ARGV to. Gives since when it needed a repair, or nothing. */
const beginRepair = `
local since = redis.call('HGET', needsRepair, ARGV[1])
local before = redis.call('HGET', repairing, ARGV[1])
if before and (not since or tonumber(before) < tonumber(since)) then since = before end
if since then redis.call('HSET', repairing, ARGV[1], since) end
redis.call('HDEL', needsRepair, ARGV[1])
redis.call('HDEL', failing, ARGV[1])
return since
`

/** ARGV to. */
const endRepair = `return redis.call('HDEL', repairing, ARGV[1])`

/**
 * ARGV ms between two servers' turns. Gives age of the oldest in ms, parked, members of 2013, needs-repair, repairing, and
 * per target: to, here first, here for later, of these due (twice), leased.
 */
const figures = `
local oldest = redis.call('ZRANGE', begun, 0, 0, 'WITHSCORES')[2]
local function note(set, turnMs)
  local score = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2]
  if score and (not oldest or score - turnMs < tonumber(oldest)) then oldest = score - turnMs end
end
local found = {}
for _, to in ipairs(redis.call('SMEMBERS', targets)) do
  note(own(to), 0)
  note(later(to), ARGV[1])
  local untilMs = tonumber(redis.call('HGET', paused, to) or '0')
  local isOpen = untilMs <= now
  found[#found + 1] = to
  found[#found + 1] = redis.call('ZCARD', own(to))
  found[#found + 1] = redis.call('ZCARD', later(to))
  found[#found + 1] = isOpen and redis.call('ZCOUNT', own(to), '-inf', now) or 0
  found[#found + 1] = isOpen and redis.call('ZCOUNT', later(to), '-inf', now) or 0
  found[#found + 1] = redis.call('ZCOUNT', leased(to), '(' .. now, '+inf')
end
local old = 0
if redis.call('TYPE', key).ok == 'set' then old = redis.call('SCARD', key) end
return {
  oldest and math.max(0, now - oldest) or 0, redis.call('ZCARD', parked), old,
  redis.call('HGETALL', needsRepair), redis.call('HGETALL', repairing), found,
}
`

/** ARGV members of 2013 that are tasks now. */
const dropOld = `
for at = 1, #ARGV do redis.call('SREM', key, ARGV[at]) end
return 1
`

const bodies = {
  push,
  claim,
  holds,
  release,
  renew,
  complete,
  park,
  listParked,
  retry,
  pause,
  mark,
  beginRepair,
  endRepair,
  figures,
  dropOld,
}

export type ScriptName = keyof typeof bodies

export function scriptText(name: ScriptName): string {
  return prelude + bodies[name]
}
