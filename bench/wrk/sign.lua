-- The form of the campaign page as a browser sends it, with a new address each time.
-- Argument: a word that no other run uses.
dofile("report.lua")

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end

local pattern
local number = 0
function init(arguments)
  -- 홍길동, in the form's encoding
  pattern = "pledge_version=1&name=%%ED%%99%%8D%%EA%%B8%%B8%%EB%%8F%%99&email=hong." .. arguments[1] .. ".%d.%d%%40example.org"
    .. "&country=KR&region=KR-11&age_ok=y&consent_privacy=y&public_name=y&updates=y"
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

function request()
  number = number + 1
  return wrk.format(nil, nil, nil, string.format(pattern, thread_number, number))
end
