-- Requests for the targets of a file, a line for each: `target`, or `target`, a tab, and one header.
-- Arguments: host, nothing, file, method, mode, seed, file of bodies or "-", bytes per body, threads.
-- mode "random": any line, again and again. mode "once": each line at most once, in their order; a thread that has used
-- up its share sets `wrapped`, and the run must be thrown away.
local threads = {}

function setup(thread)
  thread:set("thread_index", #threads)
  table.insert(threads, thread)
end

function init(args)
  local host, path, method, mode, seed = args[1], args[3], args[4], args[5], tonumber(args[6])
  local bodies_path, body_bytes, count = args[7], tonumber(args[8]), tonumber(args[9])
  wrapped = 0
  position = 0
  once = mode == "once"
  bodies = read_bodies(bodies_path, body_bytes)
  local length = #bodies > 0 and string.format("Content-Length: %d\r\n", body_bytes) or ""
  -- Heads are built beforehand: per request only one look-up remains, and with a body one concatenation.
  heads = {}
  local number = 0
  for line in io.lines(path) do
    if not once or number % count == thread_index then
      local target, header = line:match("^([^\t]*)\t?(.*)$")
      if header ~= "" then header = header .. "\r\n" end
      heads[#heads + 1] = string.format("%s %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n", method, target, host, header, length)
    end
    number = number + 1
  end
  total = #heads
  math.randomseed(seed + thread_index)
end

function read_bodies(path, bytes)
  local found = {}
  if path == "-" then return found end
  local file = assert(io.open(path, "rb"))
  while true do
    local body = file:read(bytes)
    if body == nil then break end
    found[#found + 1] = body
  end
  file:close()
  return found
end

local random = math.random
function request()
  if not once then return heads[random(total)] end
  position = position + 1
  if position > total then
    position = 1
    wrapped = wrapped + 1
  end
  return heads[position] .. bodies[position % #bodies + 1]
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
