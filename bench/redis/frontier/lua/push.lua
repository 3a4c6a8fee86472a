-- push is step for links that the caller has marked as seen.
-- ARGV: number of pages done, pages wanted, members, budget (0 for none), links.
local links = {}
for i = 7, #ARGV do links[#links + 1] = ARGV[i] end
local added = push(links, tonumber(ARGV[6]))
local outstanding = redis.call('HINCRBY', state, 'outstanding', added - ARGV[3])
if outstanding == 0 then return finish() end
return {0, take(tonumber(ARGV[4]), tonumber(ARGV[5]))} -- pages, whether it waits
