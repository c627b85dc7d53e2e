-- Charges a request to its buckets, or to none of them. Times are microseconds of this server.
-- KEYS: the buckets. ARGV: for each, the share of one request, how many the full bucket holds, how many are wanted.
-- Answers {0, now, TAT, taken, TAT, taken, ...}, or {number of the bucket that refuses, now, its TAT}.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer = {0, now}
for number, key in ipairs(KEYS) do
  local share, limit, wanted = tonumber(ARGV[3 * number - 2]), tonumber(ARGV[3 * number - 1]), tonumber(ARGV[3 * number])
  local depth = share * limit
  -- A clock that was set back leaves a bucket that is just empty.
  local debt = math.min(math.max(tonumber(redis.call('GET', key) or '0') - now, 0), depth)
  local room = math.floor((depth - debt) / share)
  if room < 1 then
    return {number, now, now + debt}
  end
  local taken = math.min(room, wanted)
  answer[#answer + 1] = now + debt + taken * share
  answer[#answer + 1] = taken
end
for number, key in ipairs(KEYS) do
  local tat = answer[2 * number + 1]
  redis.call('SET', key, string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000) + 1)
end
return answer
