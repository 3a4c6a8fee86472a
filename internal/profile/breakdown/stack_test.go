package breakdown

import (
	"testing"

	"crawlbench/internal/module"
)

// The site of a wait is the crawler's line, whatever a fetch or a limiter calls.
func TestSiteIsTheLineOfTheCrawler(t *testing.T) {
	web, fetch := module.Package("internal/web."), module.Package("internal/web/fetch.")
	for what, functions := range map[string][]string{
		"a page in memory": {"runtime.selectgo", web + "wait", web + "byID.Fetch"},
		"a busy fetch":     {module.Package("internal/web/delay.Burn"), web + "byID.Fetch"},
		"a page over HTTP": {"runtime.gopark", "net/http.(*Transport).getConn", fetch + "(*Web).Fetch",
			web + "byURL.Fetch"},
		"a limiter": {"time.Sleep", "golang.org/x/time/rate.(*Limiter).Wait",
			module.Package("internal/crawl.inTurn.Wait")},
	} {
		var frames []frame
		for _, f := range append(functions, "main.visit", "main.(*crawler).work") {
			frames = append(frames, frame{function: f, file: "/mine/crawl.go", line: 7})
		}
		s := newStacks(Options{Fetch: DefaultFetch(), RateLimit: DefaultRateLimit()}).describe(frames)
		away := s.flags&(inFetch|inRateLimit) != 0
		if s.site != "main.visit crawl.go:7" || s.entry != "main.(*crawler).work" || !away {
			t.Errorf("%s: %+v", what, s)
		}
	}
}
