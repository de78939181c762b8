-- People who look: each asks, waits for a while, asks again. The pause is random, twice the mean at most.
-- Arguments: mean pause in ms; a file with the newest ETag of the count, or "-"; the paths, one of which is asked at random.
dofile("report.lua")

local SEEN_EVERY = 200  -- requests after which the file is read again

local pause, file
local paths = {}
local formatted = {}  -- requests by path, as to write one costs more than to send it
local number = 0
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end

local function see()
  local seen = io.open(file)
  if seen then
    wrk.headers["If-None-Match"] = seen:read("*l")
    seen:close()
    formatted = {}
  end
end

function init(arguments)
  math.randomseed(thread_number)
  pause, file = tonumber(arguments[1]), arguments[2]
  for place = 3, #arguments do paths[#paths + 1] = arguments[place] end
end

function delay()
  return math.random(0, 2 * pause)
end

function request()
  number = number + 1
  if file ~= "-" and number % SEEN_EVERY == 1 then see() end
  local path = paths[math.random(#paths)]
  local made = formatted[path] or wrk.format("GET", path)
  formatted[path] = made
  return made
end
