package frontier

import (
	"fmt"
	"strconv"

	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/visited"
)

// codec is what depends on the kind of key.
type codec[K comparable] struct {
	encode func(K) string
	decode func(string) (K, error)
	newSet crawl.NewVisited[K]
}

func codecOf[K comparable]() codec[K] {
	var c any
	switch any(*new(K)).(type) {
	case uint32:
		c = codec[uint32]{
			encode: func(id uint32) string { return strconv.FormatUint(uint64(id), 10) },
			decode: func(text string) (uint32, error) {
				id, err := strconv.ParseUint(text, 10, 32)
				if err != nil {
					return 0, fmt.Errorf("page %q at the server: want a number: give each crawl its own name", text)
				}
				return uint32(id), nil
			},
			newSet: visited.NewBits,
		}
	case string:
		c = codec[string]{
			encode: func(url string) string { return url },
			decode: func(text string) (string, error) { return text, nil },
			newSet: visited.NewTable,
		}
	}
	return c.(codec[K])
}

// shardOf returns the shard of a host. All processes must agree, so that the hash has no seed of the process.
func shardOf(host string, shards int) int {
	h := uint64(14695981039346656037) // FNV-1a, and a last mix because its low bits are weak
	for i := range len(host) {
		h = (h ^ uint64(host[i])) * 1099511628211
	}
	h ^= h >> 32
	return int(h * 0x9e3779b97f4a7c15 >> 33 % uint64(shards))
}
