-- Reserves pages in the schedule of a rate, by the generic cell rate algorithm.
--
-- KEYS[1] is the schedule: a moment of the server's clock in µs, and how many pages have been reserved since. Page i
-- after that moment is due at moment + i x interval, and may be fetched as much earlier as the burst allows. A schedule
-- is never rounded, so that no page comes early however many there are.
-- ARGV: interval in µs, burst, pages to reserve, end of the schedule as the caller knows it or 0, and how many pages
-- others may have reserved that the caller does not know of.
-- Returns the time until the first page is due, in ns, and the end of the schedule, in µs.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst, pages = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known, others = tonumber(ARGV[4]), tonumber(ARGV[5])

local moment, reserved
local schedule = redis.call('GET', KEYS[1])
if schedule then
  moment, reserved = string.match(schedule, '^(%d+) (%d+)$')
  moment, reserved = tonumber(moment), tonumber(reserved)
else
  moment, reserved = now, burst -- the bucket begins empty
end
if known > 0 and (not schedule or moment + reserved * interval < known) then
  -- The server has forgotten, but others still use what they have reserved.
  moment, reserved = math.max(now, known), burst + others
end
if moment + reserved * interval < now then
  moment, reserved = now, 0 -- the bucket is full
end

local due = moment + reserved * interval - now
reserved = reserved + pages
-- An unused schedule stays for an hour. After that a bucket that begins empty makes no difference.
local keep = math.ceil((due + pages * interval) / 1000) + 3600000
redis.call('SET', KEYS[1], string.format('%.0f %.0f', moment, reserved), 'PX', string.format('%.0f', keep))
return {string.format('%.0f', math.ceil(due * 1000)), string.format('%.0f', math.floor(moment + reserved * interval))}
