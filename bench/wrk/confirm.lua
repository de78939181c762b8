-- The button of the confirm page, pressed once for each waiting signature, each from a public network of its own.
-- Arguments: a file with one token a line, and the number of threads that share it.
dofile("report.lua")

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end

local paths = {}
local number = 0
function init(arguments)
  local line_number = 0
  for token in io.lines(arguments[1]) do
    line_number = line_number + 1
    if line_number % tonumber(arguments[2]) == thread_number - 1 then
      paths[#paths + 1] = "/ko/confirm/" .. token
    end
  end
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  wrk.headers["Content-Length"] = "0"
end

function request()
  number = number + 1
  wrk.headers["X-Forwarded-For"] = string.format("12.%d.%d.7", 100 * thread_number + math.floor(number / 250), number % 250)
  -- Out of tokens: an address that answers 404, so the run fails and is not believed.
  return wrk.format(nil, paths[number] or "/out-of-tokens")
end
