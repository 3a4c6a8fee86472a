package conform

import (
	"cmp"
	"io"
	"slices"
	"time"

	"github.com/alicebob/miniredis/v2"

	"crawlbench/internal/crawl"
)

// restart restarts the server in the middle of the crawl, with what it knew a time before, or at the beginning.
func (f *fleet) restart(lost time.Duration) {
	const middle = 6*usual + usual/3
	if lost > middle {
		for len(f.server.keys()) == 0 { // the crawl has begun, and its seeds are on their way
			time.Sleep(trip / 10)
		}
	} else {
		time.Sleep(middle - lost)
	}
	know := f.server.snapshot()
	time.Sleep(min(lost, middle))
	if lost == 0 {
		for range 5 {
			if f.server.loseAnswer() == nil || !f.subject.durable() {
				break
			}
		}
		know = f.server.snapshot()
	}
	f.server.stop()
	time.Sleep(usual / 2)
	f.server.start(know)
}

// flushScripts makes the server drop all scripts.
func (s *server) flushScripts() {
	s.mu.Lock()
	m := s.redis
	s.mu.Unlock()
	if m != nil {
		flush(m)
	}
}

func flush(m *miniredis.Miniredis) {
	c, err := m.Dial()
	if err != nil {
		return
	}
	defer c.Close()
	answer := make([]byte, len("+OK\r\n"))
	if _, err := c.Write([]byte("*2\r\n$6\r\nSCRIPT\r\n$5\r\nFLUSH\r\n")); err == nil {
		io.ReadFull(c, answer)
	}
}

// lasting returns the keys that have no time to live.
func (s *server) lasting() (list []string) {
	for _, key := range s.keys() {
		if s.redis.TTL(key) == 0 {
			list = append(list, key)
		}
	}
	return list
}

// busy reports whether a process fetches a page now.
func (f *fleet) busy(p *process) bool {
	f.site.mu.Lock()
	defer f.site.mu.Unlock()
	return slices.ContainsFunc(f.site.fetches, func(x *fetch) bool { return x.process == p && x.end.IsZero() })
}

const gap = 2 * time.Second

// politeSite is a site of few hosts whose pages link to each other across hosts.
func politeSite() *site {
	s := tree(96, 3, usual)
	s.host = func(page int) uint32 { return uint32(page*5) % 16 }
	return s
}

func politely(f *fleet) {
	s := f.site
	f.options.Politeness = &crawl.Politeness{Gap: gap, HostOf: func(id uint32) uint32 { return s.hostOf(int(id)) }}
}

// gaps requires that hosts were left alone for the gap after each fetch.
func (f *fleet) gaps() {
	byHost := map[uint32][]*fetch{}
	for _, x := range f.site.fetches {
		host := f.site.hostOf(x.page)
		byHost[host] = append(byHost[host], x)
	}
	for host, list := range byHost {
		slices.SortFunc(list, func(a, b *fetch) int { return cmp.Compare(a.start.UnixNano(), b.start.UnixNano()) })
		for i, x := range list[1:] {
			if rested := x.start.Sub(list[i].end); rested < gap {
				f.fault("gap: host %d was asked by process %d %v after a fetch of process %d, want %v", host,
					x.process.index, rested, list[i].process.index, gap)
			}
		}
	}
}
