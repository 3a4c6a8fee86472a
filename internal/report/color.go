package report

import (
	"fmt"
	"hash/fnv"
	"slices"

	"crawlbench/internal/plan"
)

const (
	hues   = 8 // s0 to s7 of Style
	dashes = 3 // solid, dashed and dotted lines
)

// colors returns the colours of the crawlers that people compare most. They differ from each other; those of the
// scenario quick are solid.
func colors() []string {
	return []string{"mutexmap", "owner", "cas", "chunked", "syncmap", "spawn", "sequential", "sharded",
		"rwmutexmap", "ownerbatch", "stealing", "readahead", "xsync", "pipeline", "level"}
}

// ColorOf returns the colour of a crawler: a hue and, from 8 on, another dash. It depends on the name only, so that a
// crawler looks alike on all pages and in all runs.
func ColorOf(crawler string) int {
	name := plan.CrawlerOf(crawler)
	if i := slices.Index(colors(), name); i >= 0 {
		return i
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	return hues + int(h.Sum32()%(hues*(dashes-1)))
}

// colorClass returns the classes of a colour.
func colorClass(color int) string {
	class := fmt.Sprintf("s%d", color%hues)
	if dash := color / hues % dashes; dash > 0 {
		class += fmt.Sprintf(" d%d", dash)
	}
	return class
}
