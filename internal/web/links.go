package web

import (
	"fmt"
	"sync/atomic"

	"crawlbench/internal/parallel"
)

// Unmodified returns what crawlers have changed of the links handed out. The numbers of the graph are not among them where
// it is mapped for reading only, as a cache is: to write there ends the process.
func (s *Site) Unmodified() (v Verdict) {
	if s.urls != nil {
		var changed atomic.Int64
		changed.Store(-1)
		parallel.Each(len(s.links), func(i int) {
			if s.links[i] != s.urls[s.graph.Links[i]] {
				changed.Store(int64(i))
			}
		})
		if i := changed.Load(); i >= 0 {
			v = append(v, modified(s.links[i], s.urls[s.graph.Links[i]]))
		}
	}
	for _, d := range s.judge.names.detours {
		for i, link := range s.graph.Out(d.as) {
			link = s.judge.names.number(link)
			if d.ids[i] != link {
				return append(v, modified(d.ids[i], link))
			}
			if d.urls != nil && d.urls[i] != s.urls[link] {
				return append(v, modified(d.urls[i], s.urls[link]))
			}
		}
	}
	return v
}

func modified[K comparable](is, was K) string {
	return fmt.Sprintf("a link that the site had handed out is %v after the crawls, it was %v before: links must not be modified, copy them", is, was)
}
