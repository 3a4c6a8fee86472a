package plan

import (
	"context"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/crawl"
)

const overHTTP = `transport = ["memory", "http"]
workers = [1, 4]
rate = ["inf", 500]
control = false
[[graph]]
name = "g"
kind = "rmat"
scale = 4
`

// HTTP is an axis for pages named by URL; ids stay in memory, and names of cells in memory stay as they were.
func TestTransportIsAnAxis(t *testing.T) {
	s, err := Parse("x.toml", []byte("keys = [\"id\", \"url\"]\n"+overHTTP))
	if err != nil {
		t.Fatal(err)
	}
	c := crawl.Crawler{Name: "c",
		ByID: func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (did crawl.Result, err error) {
			return
		},
		ByURL: func(context.Context, crawl.Web[string], []string, crawl.Options) (did crawl.Result, err error) {
			return
		},
	}
	p, err := Make(s, []crawl.Crawler{c}, 2)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range p.Cells {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(c.ID(), "impl=c,graph=g,"), "-2"))
	}
	want := []string{
		"keys=id,workers=1,rate=inf", "keys=id,workers=1,rate=500", "keys=id,workers=4,rate=inf",
		"keys=id,workers=4,rate=500",
		"keys=url,workers=1,rate=inf", "keys=url,workers=1,rate=500", "keys=url,workers=4,rate=inf",
		"keys=url,workers=4,rate=500",
		"keys=url,workers=1,rate=inf,transport=http", "keys=url,workers=1,rate=500,transport=http",
		"keys=url,workers=4,rate=inf,transport=http", "keys=url,workers=4,rate=500,transport=http",
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("cells\n%s\nwant\n%s", strings.Join(names, "\n"), strings.Join(want, "\n"))
	}
	if a := axesOf(s, []crawl.Crawler{c}, 2); a.count() != float64(len(want)) {
		t.Errorf("%v cells are expected, want %d", a.count(), len(want))
	}
	groups := map[Cell]bool{}
	for _, c := range p.Cells {
		groups[c.Group()] = true
	}
	if len(groups) != len(p.Cells) {
		t.Errorf("%d groups of %d cells: cells over HTTP are compared with others", len(groups), len(p.Cells))
	}
}

func TestHTTPNeedsURLs(t *testing.T) {
	_, err := Parse("x.toml", []byte(overHTTP))
	want := `x.toml:1:1: transport: pages that come over HTTP are named by their URL, but the keys are ["id"]: add keys = ["url"], or ["id", "url"] if others are in memory`
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
	if _, err = Parse("x.toml", []byte("transport = \"https\"\nkeys = \"url\"\n")); err == nil ||
		!strings.Contains(err.Error(), `no transport "https" (did you mean`) {
		t.Errorf("an unknown transport: %v", err)
	}
	s, err := Parse("x.toml", []byte("keys = \"url\"\n"+overHTTP))
	if err != nil {
		t.Fatal(err)
	}
	s.Keys = []string{"id"} // as a flag does
	_, err = Make(s, []crawl.Crawler{{Name: "c"}}, 2)
	if err == nil || !strings.Contains(err.Error(), "add url to the keys") {
		t.Errorf("keys without url: %v", err)
	}
}

func TestCheckRejectsTransports(t *testing.T) {
	for _, c := range []Cell{
		{Impl: "c", Graph: "g", Keys: "id", Workers: 1, Procs: 1, Transport: HTTP},
		{Impl: "c", Graph: "g", Keys: "url", Workers: 1, Procs: 1, Transport: "../x"},
	} {
		if c.check() == nil {
			t.Errorf("cell %+v is valid", c)
		}
	}
}
