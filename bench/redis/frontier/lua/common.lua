-- What all scripts but join begin with. KEYS[1] is the prefix of all keys, ARGV[1] the id of the crawl, ARGV[2] the
-- name of the caller. {1} says that the crawl has ended.
local prefix, crawl, me = KEYS[1], ARGV[1], ARGV[2]
local function key(name) return prefix .. ':' .. name end
local state = key('state')

local have = redis.call('HMGET', state, 'crawl', 'ended', 'failed')
if have[1] ~= crawl then return redis.error_reply('LOST the crawl is gone') end
if have[2] then return {1} end
if have[3] then return redis.error_reply('FAILED ' .. have[3]) end

-- now returns the time of the server in us.
local function now()
  local t = redis.call('TIME')
  return t[1] * 1e6 + t[2]
end

-- whole formats a number that is too large for tostring.
local function whole(n) return string.format('%.0f', n) end

-- rouse wakes a member, which waits for an element of its list. The process keeps the list if it becomes another
-- member.
local function rouse(name)
  local list = key('wake:' .. string.match(name, '%.(.*)'))
  redis.call('RPUSH', list, 1)
  redis.call('EXPIRE', list, 600)
end

-- wake wakes up to n of the members that wait.
local function wake(n)
  for _, name in ipairs(redis.call('SPOP', key('waiting'), n)) do rouse(name) end
end

-- close ends the crawl for all members. What is kept for those that ask later goes after ten minutes.
local function close(field, value)
  redis.call('HSET', state, field, value)
  wake(1000000)
  redis.call('UNLINK', key('seen'), key('queue'), key('leases'), key('calls'), key('beats'), key('members'),
    key('waiting'), key('owners'), key('crashed'))
  for shard = 0, tonumber(redis.call('HGET', state, 'shards') or 0) - 1 do
    redis.call('UNLINK', key('log:' .. shard), key('mail:' .. shard))
  end
  redis.call('EXPIRE', state, 600)
end

local function finish()
  close('ended', 1)
  return {1}
end

local function fail(why)
  close('failed', why)
  return redis.error_reply('FAILED ' .. why)
end
