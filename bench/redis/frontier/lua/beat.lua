-- beat says that the caller is alive, and fails the crawl if another member is not.
-- ARGV: the time in us after which a silent member counts as dead.
local time = now()
redis.call('HSET', key('beats'), me, whole(time))
local beats = redis.call('HGETALL', key('beats'))
for i = 1, #beats, 2 do
  if time - beats[i + 1] > tonumber(ARGV[3]) then
    return fail('process ' .. beats[i] .. ' of the crawl has died, and the pages that it had taken are lost')
  end
end
return {0}
