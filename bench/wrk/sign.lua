-- The form of the campaign page as a browser sends it, each for a new mailbox and from a public network of its own.
-- Argument: a number from 1 to 79 that no other run uses.
dofile("report.lua")

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end

local pattern, run
local number = 0
function init(arguments)
  -- 홍길동, in the form's encoding
  run = tonumber(arguments[1])
  pattern = "pledge_version=1&name=%%ED%%99%%8D%%EA%%B8%%B8%%EB%%8F%%99&email=hong." .. arguments[1] .. ".%d.%d%%40naver.com"
    .. "&country=KR&region=KR-11&age_ok=y&consent_privacy=y&public_name=y&updates=y"
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

function request()
  number = number + 1
  wrk.headers["X-Forwarded-For"] = string.format("%d.%d.%d.7", 20 + run, 100 * thread_number + math.floor(number / 250), number % 250)
  return wrk.format(nil, nil, nil, string.format(pattern, thread_number, number))
end
