package measure

import (
	"context"
	"errors"
	"testing"

	"crawlbench/internal/crawl"
	"crawlbench/internal/graph"
)

// A cell with the null set crawls with that, and not with the crawler that it is named after.
func TestTheNullSetReplacesTheCrawler(t *testing.T) {
	planted := errors.New("the crawler itself was called")
	table := []crawl.Crawler{{Name: "mutexmap", OnEngine: true, ByID: func(context.Context, crawl.Web[uint32], []uint32,
		crawl.Options) (crawl.Result, error) {
		return crawl.Result{}, planted
	}}}
	for _, null := range []bool{true, false} {
		j := job(cache(t, graph.Spec{Kind: "rmat", Scale: 10, Seed: 1}, nil))
		j.Cell.NullSet = null
		o, err := Run(t.Context(), j, table)
		if err != nil || (o.Wrong == "") != null {
			t.Errorf("null set %v: %v, %q", null, err, o.Wrong)
		}
	}
}
