package server

import (
	"strings"

	"crawlbench/internal/graph"
)

// mostRecorded bounds the length of a recorded page: clients read no more.
const mostRecorded = 10 << 20

// replay completes the settings for a graph that was imported: its pages have the URLs and the sizes that were
// recorded.
func (set *Settings) replay(g *graph.Graph) {
	if g.Record == nil || set.URLs != nil {
		return
	}
	set.URLs = recordedURLs(g)
	if sizes := g.Record.Sizes; set.Bytes == nil {
		set.Bytes = func(page uint32) int { return int(min(sizes[page], mostRecorded)) }
	}
}

// recordedURLs returns the recorded URLs of the pages as they are served: by http, and without user and password. Of
// two that are then equal, the one that was of http gets a query that no page has.
func recordedURLs(g *graph.Graph) []string {
	urls := make([]string, g.Pages())
	used := make(map[string]bool, len(urls))
	for _, scheme := range []string{"https://", "http://"} {
		for p := range urls {
			rest, ok := strings.CutPrefix(g.URL(uint32(p)), scheme)
			if !ok {
				continue
			}
			authority, path, _ := strings.Cut(rest, "/")
			own := "http://" + authority[strings.LastIndexByte(authority, '@')+1:] + "/" + path
			for used[own] {
				if strings.Contains(own, "?") {
					own += "&http"
				} else {
					own += "?http"
				}
			}
			used[own], urls[p] = true, own
		}
	}
	return urls
}
