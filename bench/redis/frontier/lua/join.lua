-- join begins the crawl unless it has begun, and makes the caller a member of it.
-- ARGV: id of a new crawl, id of the crawl that the caller was in ('' if none), a random name of the
-- process, lease in us.
-- Returns the id of the crawl and the name of the member, which begins with its fencing number; no name if the crawl
-- has ended.
local prefix = KEYS[1]
local function key(name) return prefix .. ':' .. name end
local state = key('state')
local now = redis.call('TIME')

local have = redis.call('HMGET', state, 'crawl', 'ended', 'failed')
local id = have[1]
if ARGV[2] ~= '' and id ~= ARGV[2] then return redis.error_reply('LOST the crawl is gone') end
if have[3] then return redis.error_reply('FAILED ' .. have[3]) end
if have[2] then return {id} end
if not id then
  id = ARGV[1]
  redis.call('HSET', state, 'crawl', id, 'begun', string.format('%.0f', now[1] * 1e6 + now[2]))
end
local name = redis.call('HINCRBY', state, 'members', 1) .. '.' .. ARGV[3]
redis.call('HSET', key('calls'), name, 0)
redis.call('ZADD', key('members'), string.format('%.0f', now[1] * 1e6 + now[2] + ARGV[4]), name)
return {id, name}
