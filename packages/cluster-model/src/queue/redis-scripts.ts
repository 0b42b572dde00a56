// The Lua that each Redis of the queue runs, every script atomic there and by that server's clock. KEYS[1] is the queue's
// key; the other keys are made from it, so the servers may not be a Redis Cluster. Lists come flat, see the comments.
import { scriptPrelude } from './redis-script-prelude.js'
import {
  beginRepair,
  dropOld,
  endRepair,
  figures,
  listParked,
  mark,
  park,
  pause,
  retry,
} from './redis-upkeep-scripts.js'

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
    noteQueued(member, score, isLater and turnMs or 0)
    local untilMs = now + ARGV[1] + ((isLater and not isLeased) and turnMs or 0)
    if tonumber(score) < untilMs then
      redis.call('ZADD', set, untilMs, member)
      if isLeased then redis.call('ZADD', leased(to), untilMs, member) end
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
  return scriptPrelude + bodies[name]
}
