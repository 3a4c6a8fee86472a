package report

import (
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/stat"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// The bars are as high as the time of a page on the processors, all parts together, and each part is a link.
func TestThePictureOfAPagesCost(t *testing.T) {
	p, err := runtest.Plan(`
crawlers = ["mutexmap"]
workers = [1, 8]
rounds = 6
[[graph]]
name = "g"
kind = "hosts"
pages = 1000
[profiles]
kinds = ["cpu"]
growth = [1]
`, false)
	if err != nil {
		t.Fatal(err)
	}
	seconds := func(workers int) map[profile.Class]float64 {
		if workers == 1 {
			return map[profile.Class]float64{profile.OwnCode: 0.8, profile.Maps: 0.2}
		}
		return map[profile.Class]float64{profile.OwnCode: 0.25, profile.LockPath: 0.75}
	}
	run, err := runtest.Run{Plan: p, Manifest: store.Manifest{Scenario: "cost"},
		Speed: func(plan.Cell, int) float64 { return 1e6 }, // 1 µs, so 2 µs of two processors
		Change: func(c plan.Cell, rec *store.Record) {
			rec.Sample.Values["cpu-sec/op"] = rec.Sample.Values["pages/op"] * 1e-6
		},
		Usage: func(c plan.Cell) *profile.Usage {
			return &profile.Usage{Repeats: []profile.Repeat{{Pages: 1000, CPU: 1, Samples: 100,
				Seconds: seconds(c.Workers)}}}
		}}.Write(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	a, err := diagnose.Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	f := costOfPage(a.Tables[0], fragmentOf)
	heights := map[string]float64{}
	for _, m := range regexp.MustCompile(`height="([0-9.]+)" class="fill"><title>mutexmap, (\d) workers?: ([^,<]+), `).
		FindAllStringSubmatch(f.SVG, -1) {
		heights[m[2]+" "+m[3]], err = strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
	}
	for part, want := range map[string]float64{"1 own code": 76, "1 maps": 19, "8 own code": 23.75,
		"8 lock slow path": 71.25, "8 idle processors": 95} {
		if math.Abs(heights[part]-want) > 0.2 {
			t.Errorf("%s is %.1f high, want %.1f of 190", part, heights[part], want)
		}
	}
	if len(heights) != 5 || strings.Count(f.SVG, "<a href=") != 5 {
		t.Errorf("parts %v, %d links; want five of each", heights, strings.Count(f.SVG, "<a href="))
	}
	if got := flameOf(a.Tables[0].Cell("mutexmap", 8), fragmentOf); !strings.HasPrefix(got, "#") {
		t.Errorf("on the same page a part leads to %q, want the cell", got)
	}
}

// Without CPU profiles at several numbers of workers there is no such picture.
func TestNoPictureOfAPagesCostWithoutProfiles(t *testing.T) {
	if f := costOfPage(showcase(t).Tables[0], fragmentOf); f != nil {
		t.Errorf("%+v", f.Numbers)
	}
}

// A growth says which class it is, with an interval, and whether that is sure.
func TestGrowthInWords(t *testing.T) {
	g := func(class profile.Class, more, lo, hi float64) diagnose.Growth {
		return diagnose.Growth{Class: class, More: stat.Interval{Value: more, Lo: lo, Hi: hi}}
	}
	l := &diagnose.Loss{CPU: stat.Interval{Value: 1e-6, Lo: 0.9e-6, Hi: 1.1e-6}, Classes: []diagnose.Growth{
		g(profile.LockPath, 0.9e-6, 0.6e-6, 1.3e-6), g(profile.Scheduler, 0.3e-6, -0.1e-6, 0.5e-6),
		g(profile.Maps, -0.2e-6, -0.3e-6, 0)}}
	l.Classes[0].Spot = profile.Spot{Where: "set.add set.go:41", Called: "sync.(*Mutex).Lock"}
	want := "1.0 µs more; 75 % [50 %, 100 %] of the growth is in the slow path of locks, at set.add set.go:41 (sync.(*Mutex).Lock)"
	if got := growthOf(l, &l.Classes[0]); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := growthOf(l, &l.Classes[1]); !strings.Contains(got, "uncertain: take longer profiles") {
		t.Errorf("%q, want what would make it sure", got)
	}
	want = "; a page costs 1.0 µs more processor time than with one worker: 75 % [50 %, 100 %] of the growth is in the slow path of locks and 25 % in the scheduler"
	if got := growthOfWaits(l); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
