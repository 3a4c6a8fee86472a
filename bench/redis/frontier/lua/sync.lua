-- sync writes what has happened in the shards of the caller, sends links to other shards, and returns the links that
-- came for those of the caller.
-- ARGV: number of the call, lease in us, budget (0 for none), whether the caller waits if nothing came,
-- number of parts, for each its shard, pages that were found and their number, pages that are done and their number,
-- clocks, and how many messages were read and how many links they had;
-- number of messages, for each its shard, links and their number; shards of the caller.
-- Returns the time, for each shard to which links came its number and the messages, and for each part how many of its
-- pages were admitted. {2} says that the caller counts as dead: its shards belong to others.
local number, lease, budget = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local last = tonumber(redis.call('HGET', key('calls'), me) or -1)
local time = now()
local member = redis.call('ZSCORE', key('members'), me)
  and (last == number - 1 or last == number and budget == 0)
if not member then return {2} end -- what it found is found again by those who fetch its pages again
local again = last == number -- the call has been made, and its answer was lost

-- cut returns the first n pages of a list of them.
local function cut(pages, n)
  local at = 1
  for _ = 1, n do
    local colon = string.find(pages, ':', at, true)
    at = colon + 1 + string.sub(pages, at, colon - 1)
  end
  return string.sub(pages, 1, at - 1)
end

local at, change, admitted = 8, 0, {}
for part = 1, tonumber(ARGV[7]) do
  local shard, pages, n = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  if not again then
    if budget > 0 and n > 0 then
      local room = budget - (redis.call('HGET', state, 'admitted') or 0)
      if n > room then
        n = math.max(0, room)
        pages = cut(pages, n)
      end
      redis.call('HINCRBY', state, 'admitted', n)
    end
    redis.call('RPUSH', key('log:' .. shard), pages, ARGV[at + 3], ARGV[at + 5])
    if ARGV[at + 6] ~= '0' then redis.call('LTRIM', key('mail:' .. shard), ARGV[at + 6], -1) end
    change = change + n - ARGV[at + 4] - ARGV[at + 7]
  end
  admitted[part] = n
  at = at + 8
end

local waiting = redis.call('SCARD', key('waiting')) > 0
local messages = tonumber(ARGV[at])
at = at + 1
for _ = 1, messages do
  if not again then
    redis.call('RPUSH', key('mail:' .. ARGV[at]), ARGV[at + 1])
    change = change + ARGV[at + 2]
    if waiting then
      local owner = redis.call('HGET', key('owners'), ARGV[at])
      if owner and redis.call('SREM', key('waiting'), owner) == 1 then rouse(owner) end
    end
  end
  at = at + 3
end

if redis.call('HINCRBY', state, 'outstanding', change) == 0 then return finish() end
redis.call('HSET', key('calls'), me, number)
redis.call('ZADD', key('members'), whole(time + lease), me)

local mail = {}
for i = at, #ARGV do
  local list = redis.call('LRANGE', key('mail:' .. ARGV[i]), 0, 15)
  if #list > 0 then
    mail[#mail + 1] = ARGV[i]
    mail[#mail + 1] = list
  end
end
if ARGV[6] == '1' and #mail == 0 then
  redis.call('SADD', key('waiting'), me)
elseif waiting then
  redis.call('SREM', key('waiting'), me)
end
return {0, whole(time), mail, admitted}
