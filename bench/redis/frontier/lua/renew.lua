-- renew renews the leases of pages, as far as they are still there.
-- ARGV: lease in us, pages.
local deadline = whole(now() + ARGV[3])
for i = 4, #ARGV, 1000 do
  local leases = {}
  for j = i, math.min(i + 999, #ARGV) do
    leases[#leases + 1] = deadline
    leases[#leases + 1] = ARGV[j]
  end
  redis.call('ZADD', key('leases'), 'XX', unpack(leases))
end
return {0}
