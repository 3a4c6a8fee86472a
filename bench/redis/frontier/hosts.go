package frontier

import (
	"strconv"

	"crawlbench/internal/crawl"
)

// place is where a page belongs: to a host, numbered by this process, and to a shard.
type place struct {
	host  uint32
	shard int
}

// placesOf returns the function that says where a page belongs. It is not safe for concurrent use. Without a policy
// all pages are of one host, and URLs are still divided by host, so that most links stay in their shard.
func placesOf[K comparable](p *crawl.Politeness, shards int) func(K) place {
	var of any
	switch any(*new(K)).(type) {
	case uint32:
		of = idPlaces(p, shards)
	case string:
		of = urlPlaces(p, shards)
	}
	return of.(func(K) place)
}

func idPlaces(p *crawl.Politeness, shards int) func(uint32) place {
	switch {
	case p == nil:
		return func(id uint32) place { return place{0, shardOf(strconv.FormatUint(uint64(id), 10), shards)} }
	case p.HostOf == nil:
		return func(uint32) place { return place{} }
	}
	return func(id uint32) place {
		host := p.HostOf(id)
		return place{host, shardOf(strconv.FormatUint(uint64(host), 10), shards)}
	}
}

func urlPlaces(p *crawl.Politeness, shards int) func(string) place {
	if p == nil {
		return func(url string) place { return place{0, shardOf(crawl.HostKey(url), shards)} }
	}
	known, servers := map[string]place{}, map[string]place{}
	return func(url string) place {
		key := crawl.HostKey(url)
		at, ok := known[key]
		if ok {
			return at
		}
		server := key
		if p.Server != nil {
			server = p.Server(key)
		}
		if at, ok = servers[server]; !ok {
			at = place{uint32(len(servers)), shardOf(server, shards)}
			servers[server] = at
		}
		known[key] = at
		return at
	}
}
