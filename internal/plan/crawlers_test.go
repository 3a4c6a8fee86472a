package plan_test

import (
	"context"
	"strings"
	"testing"

	"crawlbench/internal/crawl"
	"crawlbench/internal/plan"
)

// tuned is a crawler whose crawls report its parameters.
func tuned() crawl.Crawler {
	c := crawl.Crawler{Name: "tuned", Params: []crawl.Param{
		{Name: "B", Doc: "queues", Unit: "W", Default: 3, Min: 1, Max: 9},
		{Name: "tick", Doc: "time", Time: true, Default: 1e6, Min: 1e3, Max: 1e9},
	}}
	c.With = func(v []int64) (crawl.Func[uint32], crawl.Func[string]) {
		return func(context.Context, crawl.Web[uint32], []uint32, crawl.Options) (crawl.Result, error) {
			return crawl.Result{Pages: int(v[0]), Errors: int(v[1])}, nil
		}, nil
	}
	c.ByID, c.ByURL = c.With([]int64{3, 1e6})
	return c
}

func TestParametersInTheNameOfACrawler(t *testing.T) {
	table := []crawl.Crawler{{Name: "plain"}, tuned()}
	for name, want := range map[string]crawl.Result{
		"tuned": {Pages: 3, Errors: 1e6}, "tuned.B=5W": {Pages: 5, Errors: 1e6},
		"tuned.tick=1.5ms": {Pages: 3, Errors: 15e5}, "tuned.B=1W.tick=2us": {Pages: 1, Errors: 2e3},
	} {
		c, err := plan.Find(table, name)
		if err != nil || c.Name != name || !plan.ValidCrawler(name) {
			t.Errorf("%s: %q, %v", name, c.Name, err)
			continue
		}
		if got, _ := c.ByID(t.Context(), nil, nil, crawl.Options{}); got != want {
			t.Errorf("%s crawls with %+v, want %+v", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"tund.B=3W": `no crawler "tund" (did you mean tuned?)`, "plain.B=3W": `crawler plain has no parameters: leave out "B=3W"`,
		"tuned.b=3W": `has no parameter "b"`, "tuned.C=3W": `want B=3W (1W to 9W, queues), tick=1ms (1us to 1s, time)`,
		"tuned.B=10W": "want 1W to 9W", "tuned.B=3W.B=4W": "the parameter B is set twice",
		"tuned.B=": "want a value such as 3W",
	} {
		if _, err := plan.Find(table, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	for _, name := range []string{"=", "a=b", "a.=b", ".B=3W", "a.B=3/W", "a.B=", "a.B==3"} {
		if plan.ValidCrawler(name) {
			t.Errorf("%q is a valid name", name)
		}
	}
}

// Each value of a parameter is a crawler of its own in a sweep.
func TestParametersInASweep(t *testing.T) {
	text := "crawlers = [\"tuned.B=1W\", \"tuned\", \"tuned.B=5W\"]\nbaseline = \"tuned\"\ncontrol = false\nworkers = [2]\n" +
		"[[graph]]\nname = \"g\"\nkind = \"grid\"\npages = 9\n"
	s, err := plan.Parse("x.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(s, []crawl.Crawler{tuned()}, 2)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.Cells {
		got = append(got, c.Name())
	}
	want := "Crawl/impl=tuned/graph=g/keys=id/workers=2/rate=inf-2 " +
		"Crawl/impl=tuned.B=1W/graph=g/keys=id/workers=2/rate=inf-2 " +
		"Crawl/impl=tuned.B=5W/graph=g/keys=id/workers=2/rate=inf-2"
	if strings.Join(got, " ") != want {
		t.Errorf("cells %s, want %s", got, want)
	}
	for bad, want := range map[string]string{
		`crawlers = ["tuned.B=0W"]`: "want 1W to 9W", `crawlers = ["tuned.Z=1"]`: `no parameter "Z"`,
	} {
		s, err := plan.Parse("x.toml", []byte(bad+text[strings.Index(text, "\ncontrol"):]))
		if err == nil {
			_, err = plan.Make(s, []crawl.Crawler{tuned()}, 2)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", bad, err, want)
		}
	}
}
