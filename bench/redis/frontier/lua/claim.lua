-- claim finds dead members, releases shards of the caller, and takes free ones up to its share.
-- ARGV: number of the call, lease in us, number of processes, number of shards, shards to release.
-- Returns the time, the shards of the caller, each followed by whether its last owner died, how many it has too many,
-- and how many too few.
local time, number, lease, shards = now(), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
local last = tonumber(redis.call('HGET', key('calls'), me) or -1)
if last ~= number and last ~= number - 1 or not redis.call('ZSCORE', key('members'), me) then
  return redis.error_reply('FORGOT this process')
end
redis.call('HSET', key('calls'), me, number)
redis.call('ZADD', key('members'), whole(time + lease), me)

local begun = redis.call('HMGET', state, 'begun', 'shards')
if begun[2] and tonumber(begun[2]) ~= shards then
  return redis.error_reply('ERR the crawl has ' .. begun[2] .. ' shards and not ' .. shards)
end
redis.call('HSET', state, 'shards', shards)

local dead = redis.call('ZRANGEBYSCORE', key('members'), '-inf', whole(time))
local gone = {}
for _, name in ipairs(dead) do
  redis.call('ZREM', key('members'), name)
  redis.call('HDEL', key('calls'), name)
  gone[name] = true
end

local freed = #dead > 0
local owners, mine = {}, 0
local all = redis.call('HGETALL', key('owners'))
for i = 1, #all, 2 do
  local shard, owner = all[i], all[i + 1]
  if gone[owner] then
    redis.call('HDEL', key('owners'), shard)
    redis.call('HSET', key('crashed'), shard, 1)
  else
    owners[shard] = owner
    if owner == me then mine = mine + 1 end
  end
end
for i = 7, #ARGV do
  if owners[ARGV[i]] == me then
    redis.call('HDEL', key('owners'), ARGV[i])
    redis.call('HDEL', key('crashed'), ARGV[i])
    owners[ARGV[i]] = nil
    mine = mine - 1
    freed = true
  end
end

-- Processes that have not joined yet are waited for, but not for longer than a lease.
local alive = redis.call('ZCARD', key('members'))
if time < begun[1] + lease then alive = math.max(alive, tonumber(ARGV[5])) end
local share = math.ceil(shards / alive)
local own = {}
for shard = 0, shards - 1 do
  local name = tostring(shard)
  if not owners[name] and mine < share then
    redis.call('HSET', key('owners'), name, me)
    owners[name] = me
    mine = mine + 1
  end
  if owners[name] == me then
    own[#own + 1] = shard
    own[#own + 1] = tonumber(redis.call('HGET', key('crashed'), name) or 0)
  end
end
if freed then
  for _, name in ipairs(redis.call('ZRANGE', key('members'), 0, -1)) do
    if name ~= me then rouse(name) end
  end
end
return {0, whole(time), own, math.max(0, mine - share), math.max(0, share - mine)}
