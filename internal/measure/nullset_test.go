package measure

import (
	"testing"

	"crawlbench/internal/crawler"
	"crawlbench/internal/graph"
	"crawlbench/internal/plan"
)

// A cell with the null set is crawled by that, under the name of the crawler whose set it replaces.
func TestTheNullSetReplacesThatOfTheCrawler(t *testing.T) {
	job := Job{Cache: cache(t, graph.Spec{Kind: "rmat", Scale: 8, Seed: 1}, nil), Cell: plan.Cell{Impl: "mutexmap",
		Graph: "g", Keys: "id", Workers: 2, Procs: 2, NullSet: true}}
	b, err := Open(job, crawler.All())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if want := nullCrawler("mutexmap"); b.by.Name != want.Name || b.by.Doc != want.Doc {
		t.Errorf("it is crawled by %s, %s; want %s", b.by.Name, b.by.Doc, want.Doc)
	}
	if err := b.Warm(t.Context()); err != nil {
		t.Error(err)
	}
}
