-- PUTs of new blobs. Arguments: host, what stands before each name, first number, file of the body pool, bytes per body, threads.
local threads = {}

function setup(thread)
  thread:set("thread_index", #threads)
  table.insert(threads, thread)
end

function init(args)
  local host, first, pool_path, body_bytes, count = args[1], tonumber(args[3]), args[4], tonumber(args[5]), tonumber(args[6])
  prefix = args[2]
  number = first + thread_index
  step = count
  head = string.format(".jpg HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", host, body_bytes)
  -- A body begins with the blob's own name (19 bytes); the pool keeps what comes after it.
  bodies = {}
  local pool = assert(io.open(pool_path, "rb"))
  while true do
    local body = pool:read(body_bytes)
    if body == nil then break end
    bodies[#bodies + 1] = body:sub(20)
  end
  pool:close()
end

local format, floor = string.format, math.floor
function request()
  local folder = (number * 40503) % 65536
  local path = format("%02x/%02x/u%08d", floor(folder / 256), folder % 256, number)
  local body = bodies[number % #bodies + 1]
  number = number + step
  return "PUT /" .. prefix .. path .. head .. path .. ".jpg" .. body
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"durationUs":%d,"bytes":%d,"p50Us":%d,"p99Us":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d,"wraps":0}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
