package crawler_test

import (
	"regexp"
	"testing"

	"crawlbench/internal/conform"
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawl/visited"
	"crawlbench/internal/crawler"
	"crawlbench/internal/crawler/mutexmap"
	"crawlbench/internal/crawler/rwmutexmap"
	"crawlbench/internal/crawler/sharded"
	"crawlbench/internal/crawler/syncmap"
	"crawlbench/internal/crawler/xsync"
)

// Package conform tests what crawlers must do in general.

func TestNamesAreValidInBenchmarks(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range crawler.All() {
		if !regexp.MustCompile(`^[A-Za-z0-9._+]+$`).MatchString(c.Name) || seen[c.Name] || c.Doc == "" ||
			c.ByID == nil && c.ByURL == nil {
			t.Errorf("%+v", c)
		}
		seen[c.Name] = true
	}
}

func TestVisitedSetsAreLinearizable(t *testing.T) {
	for name, sets := range map[string]struct {
		byID  crawl.NewVisited[uint32]
		byURL crawl.NewVisited[string]
	}{
		"visited":    {visited.NewBits, visited.NewTable},
		"mutexmap":   {mutexmap.New[uint32], mutexmap.New[string]},
		"rwmutexmap": {rwmutexmap.New[uint32], rwmutexmap.New[string]},
		"sharded":    {sharded.New[uint32], sharded.New[string]},
		"syncmap":    {syncmap.New[uint32], syncmap.New[string]},
		"xsync":      {xsync.New[uint32], xsync.New[string]},
	} {
		t.Run(name, func(t *testing.T) { conform.Visited(t, sets.byID, sets.byURL) })
	}
}
