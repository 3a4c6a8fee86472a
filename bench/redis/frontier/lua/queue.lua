-- What the scripts of crawlers with one queue for all members share, after common.lua.

-- push queues pages that nobody has queued before, as far as the budget admits them, and returns how many.
local function push(pages, budget)
  local n = #pages
  if budget > 0 then
    local admitted = tonumber(redis.call('HGET', state, 'admitted') or 0)
    n = math.min(n, budget - admitted)
    redis.call('HINCRBY', state, 'admitted', n)
  end
  for i = 1, n, 1000 do
    redis.call('RPUSH', key('queue'), unpack(pages, i, math.min(i + 999, n)))
  end
  return n
end

-- add queues the links from ARGV[first] on that nobody has added before, and returns how many.
local function add(first, budget)
  local new, known = {}, {}
  for i = first, #ARGV, 1000 do
    local last = math.min(i + 999, #ARGV)
    local seen = redis.call('SMISMEMBER', key('seen'), unpack(ARGV, i, last))
    local from = #new
    for j = 1, #seen do
      local link = ARGV[i + j - 1]
      if seen[j] == 0 and not known[link] then
        known[link] = true
        new[#new + 1] = link
      end
    end
    if #new > from then redis.call('SADD', key('seen'), unpack(new, from + 1)) end
  end
  return push(new, budget)
end

-- take returns up to want pages for the caller, and no more than its share of the queue, and whether the caller waits:
-- then the queue is empty, and the caller is woken when it is not. Others that wait are woken for what is left.
local function take(want, members)
  local length = redis.call('LLEN', key('queue'))
  local n = math.min(want, math.ceil(length / members))
  local pages = {}
  if n > 0 then pages = redis.call('LPOP', key('queue'), n) end
  if length > n then wake(length - n) end
  if n < want and length == n then
    redis.call('SADD', key('waiting'), me)
    return pages, 1
  end
  redis.call('SREM', key('waiting'), me)
  return pages, 0
end
