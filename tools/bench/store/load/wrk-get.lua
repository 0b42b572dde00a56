-- GETs of random blobs. Arguments: host, what stands before each name, number of names, mode, seed, threads.
-- mode "random": any name, again and again. mode "once": each name at most once, in shuffled order;
-- a thread that has used up its share sets `wrapped`, and the run must be thrown away.
local threads = {}

function setup(thread)
  thread:set("thread_index", #threads)
  table.insert(threads, thread)
end

function init(args)
  local host, names, mode, seed, count = args[1], tonumber(args[3]), args[4], tonumber(args[5]), tonumber(args[6])
  prefix = args[2]
  wrapped = 0
  once = mode == "once"
  requests = {}
  -- Whole requests are built beforehand: per request only one random number and one table look-up remain.
  if once then
    math.randomseed(seed)
    local order = {}
    for i = 1, names do order[i] = i - 1 end
    for i = names, 2, -1 do
      local j = math.random(i)
      order[i], order[j] = order[j], order[i]
    end
    for i = 1 + thread_index, names, count do requests[#requests + 1] = build(order[i], host) end
  else
    math.randomseed(seed + thread_index)
    for i = 0, names - 1 do requests[i + 1] = build(i, host) end
  end
  total = #requests
  position = 0
end

function build(number, host)
  local folder = (number * 40503) % 65536
  return string.format(
    "GET /%s%02x/%02x/u%08d.jpg HTTP/1.1\r\nHost: %s\r\n\r\n",
    prefix, math.floor(folder / 256), folder % 256, number, host)
end

local random = math.random
function request()
  if not once then return requests[random(total)] end
  position = position + 1
  if position > total then
    position = 1
    wrapped = wrapped + 1
  end
  return requests[position]
end

function done(summary, latency)
  local wraps = 0
  for _, thread in ipairs(threads) do wraps = wraps + thread:get("wrapped") end
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"durationUs":%d,"bytes":%d,"p50Us":%d,"p99Us":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d,"wraps":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status, wraps))
end
