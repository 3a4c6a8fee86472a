-- step acknowledges pages, adds links and takes pages.
-- ARGV: number of pages done, pages wanted, members, budget (0 for none), links.
local added = add(7, tonumber(ARGV[6]))
local outstanding = redis.call('HINCRBY', state, 'outstanding', added - ARGV[3])
if outstanding == 0 then return finish() end
return {0, take(tonumber(ARGV[4]), tonumber(ARGV[5]))} -- pages, whether it waits
