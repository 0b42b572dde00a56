// What every script of the queue begins with: the names of the keys, the server's clock, and the steps they share.

export const scriptPrelude = `
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
