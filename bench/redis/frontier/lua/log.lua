-- log returns the log of a shard. ARGV: shard.
return {0, redis.call('LRANGE', key('log:' .. ARGV[3]), 0, -1)}
