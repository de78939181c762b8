-- One line of JSON for bench/load.py. Times are in microseconds.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "microseconds": %d, "p50": %d, "p95": %d, "p99": %d, "faults": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
  for what, number in pairs(errors) do
    if number > 0 then io.stderr:write(what, " ", number, "\n") end
  end
end
