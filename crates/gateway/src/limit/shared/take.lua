-- Decides on one request of one subject, as the gateway's own arithmetic does, by the server's clock: so the
-- clocks of the gateways do not matter.
-- KEYS[1]: the subject. ARGV: the interval and the whole allowance, in nanoseconds.
-- Answers whether it may pass (1 or 0) and what the subject owes now, in nanoseconds.

-- Seconds and nanoseconds apart: in one double, nanoseconds since 1970 would be off by up to 128.
local interval, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local seconds, nanoseconds = tonumber(time[1]), tonumber(time[2]) * 1000

local owed = 0
local due = redis.call('GET', KEYS[1])
if due then
    local whole, rest = string.match(due, '^(%d+) (%d+)$')
    owed = math.max(0, (whole - seconds) * 1000000000 + (rest - nanoseconds))
end

local after = owed + interval
local allowed = after <= capacity
if allowed then
    owed = after
elseif owed > capacity then
    owed = capacity -- the server's clock was set back: nobody shall wait for it to catch up
else
    return {0, owed}
end

-- A subject that owes nothing is not remembered, so memory is bounded by those who called of late.
local sum = nanoseconds + owed
due = string.format('%.0f %.0f', seconds + math.floor(sum / 1000000000), sum % 1000000000)
redis.call('SET', KEYS[1], due, 'PX', math.ceil(owed / 1000000))
return {allowed and 1 or 0, owed}
