// The Lua for all that is not the way of a task from push to complete: parked tasks, targets, repairs, figures, sets of 2013.

/** ARGV parked tasks at most, reason, 1 to park it even if it is not here, to, member. */
export const park = `
local to, member = ARGV[4], ARGV[5]
if not forget(to, member) and ARGV[3] ~= '1' then return 0 end
if ARGV[3] ~= '1' and redis.call('ZCARD', parked) >= tonumber(ARGV[1]) then
  redis.call('HSETNX', needsRepair, to, now)
else
  redis.call('ZADD', parked, 'NX', now, member)
  redis.call('HSET', reasons, member, ARGV[2])
end
return 1
`

/** ARGV from, how many. Gives per task: member, parked at, reason. */
export const listParked = `
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
export const retry = `
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
export const pause = `
if ARGV[2] == '0' then return redis.call('HDEL', paused, ARGV[1]) end
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
export const mark = `
if ARGV[2] == 'failing' then redis.call('HSETNX', failing, ARGV[1], now)
else redis.call('HDEL', failing, ARGV[1]) end
return 1
`

/** ARGV to. Gives since when it needed a repair, or nothing. */
export const beginRepair = `
local since = redis.call('HGET', needsRepair, ARGV[1])
local before = redis.call('HGET', repairing, ARGV[1])
if before and (not since or tonumber(before) < tonumber(since)) then since = before end
if since then redis.call('HSET', repairing, ARGV[1], since) end
redis.call('HDEL', needsRepair, ARGV[1])
redis.call('HDEL', failing, ARGV[1])
return since
`

/** ARGV to. */
export const endRepair = `return redis.call('HDEL', repairing, ARGV[1])`

/**
 * ARGV ms between two servers' turns. Gives age of the oldest in ms, parked, members of 2013, needs-repair, repairing, and
 * per target: to, here first, here for later, of these due (twice), leased.
 */
export const figures = `
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
export const dropOld = `
for at = 1, #ARGV do redis.call('SREM', key, ARGV[at]) end
return 1
`
