package polite

import (
	"sync"

	"crawlbench/internal/crawl"
)

// idHosts returns a function that appends the hosts of ids.
func idHosts(p *crawl.Politeness) func(dst []uint32, pages []uint32) []uint32 {
	if p == nil || p.HostOf == nil {
		return oneHost[uint32]
	}
	return func(dst []uint32, pages []uint32) []uint32 {
		for _, page := range pages {
			dst = append(dst, p.HostOf(page))
		}
		return dst
	}
}

func oneHost[K any](dst []uint32, pages []K) []uint32 {
	for range pages {
		dst = append(dst, 0)
	}
	return dst
}

// urlHosts returns a function that returns another one, which appends the hosts of URLs and numbers them as it
// meets them.
func urlHosts(key func(string) string) func(*crawl.Politeness) func(dst []uint32, pages []string) []uint32 {
	if key == nil {
		key = crawl.HostKey
	}
	return func(p *crawl.Politeness) func(dst []uint32, pages []string) []uint32 {
		if p == nil {
			return oneHost[string]
		}
		n := &numbers{of: map[string]uint32{}, key: key, server: p.Server}
		return n.append
	}
}

// numbers numbers hosts.
type numbers struct {
	key    func(url string) string
	server func(string) string

	mu    sync.RWMutex
	of    map[string]uint32
	count uint32
}

func (n *numbers) append(dst []uint32, urls []string) []uint32 {
	for _, url := range urls {
		key := n.key(url)
		n.mu.RLock()
		host, ok := n.of[key]
		n.mu.RUnlock()
		if !ok {
			host = n.add(key)
		}
		dst = append(dst, host)
	}
	return dst
}

// add returns the number of a host, which may be new. The server is asked for once per host, without the lock.
func (n *numbers) add(key string) uint32 {
	names := []string{key}
	if n.server != nil {
		names = append(names, "server "+n.server(key)) // no key of a URL begins like that
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if host, ok := n.of[key]; ok {
		return host
	}
	host, ok := n.of[names[len(names)-1]]
	if !ok {
		host = n.count
		n.count++
	}
	for _, name := range names {
		n.of[name] = host
	}
	return host
}
