package web

import (
	"fmt"
	"sync/atomic"

	"crawlbench/internal/parallel"
)

// Unmodified returns which links handed out have been changed by a crawler, nil if none. It does
// not check the numbers in the graph: where the graph is mapped read-only, as from a cache, a write
// to it ends the process.
func (s *Site) Unmodified() (v Violations) {
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
	for _, d := range s.verifier.renaming.overridden {
		for i, link := range s.graph.Out(d.as) {
			link = s.verifier.renaming.number(link)
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
	return fmt.Sprintf("a link that the site handed out was %v before the crawls and is %v after: "+
		"links must not be modified, copy them", was, is)
}
