-- Takes charges back. KEYS: the buckets. ARGV: for each, the share of one request, and the TAT when it was charged:
-- once that has passed, the bucket has forgotten the charge.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for number, key in ipairs(KEYS) do
  local share, charged = tonumber(ARGV[2 * number - 1]), tonumber(ARGV[2 * number])
  local tat = tonumber(redis.call('GET', key) or '0')
  if now < charged and tat > now then
    redis.call('SET', key, string.format('%.0f', tat - share), 'KEEPTTL')
  end
end
return 0
