-- lease is step with leases: a page that was taken is queued again if it is not acknowledged in time, and an
-- acknowledgement counts only if the lease is still there. ARGV: number of the call, lease in us, pages wanted,
-- members, budget (0 for none), number of pages done, these, links. Returns the pages, whether the caller waits, and
-- then the time in us until the first lease ends.
local number, lease, done = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[8])
local last = tonumber(redis.call('HGET', key('calls'), me) or -1)
if last ~= number and last ~= number - 1 then return redis.error_reply('FORGOT a call of this process') end
local time = now()
if last == number - 1 then -- otherwise the call has been made, and its answer was lost
  redis.call('HSET', key('calls'), me, number)
  local acknowledged = 0
  for i = 9, 8 + done, 1000 do
    acknowledged = acknowledged + redis.call('ZREM', key('leases'), unpack(ARGV, i, math.min(i + 999, 8 + done)))
  end
  local added = add(9 + done, tonumber(ARGV[7]))
  local outstanding = redis.call('HINCRBY', state, 'outstanding', added - acknowledged)
  if outstanding == 0 then return finish() end
end
local late = redis.call('ZRANGEBYSCORE', key('leases'), '-inf', whole(time), 'LIMIT', 0, 1000)
if #late > 0 then
  redis.call('ZREM', key('leases'), unpack(late))
  redis.call('LPUSH', key('queue'), unpack(late))
end
local pages, waits = take(tonumber(ARGV[5]), tonumber(ARGV[6]))
local leases = {}
for _, page in ipairs(pages) do
  leases[#leases + 1] = whole(time + lease)
  leases[#leases + 1] = page
end
if #leases > 0 then redis.call('ZADD', key('leases'), unpack(leases)) end
local ends = 0
if waits == 1 then
  local first = redis.call('ZRANGE', key('leases'), 0, 0, 'WITHSCORES')
  ends = first[2] and math.max(0, first[2] - time) or lease
end
return {0, pages, waits, ends}
