-- fail fails the crawl for all members. ARGV: why.
fail(ARGV[3])
return {0}
