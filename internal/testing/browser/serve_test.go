package browser_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/browser"
	"crawlbench/internal/testing/runtest"
)

// From the list by way of the report and the matrix to a cell, its flame graph, a difference, and
// back; by wide window and by phone, in light and dark.
func TestFromTheListToTheFlameGraphAndBack(t *testing.T) {
	b := browser.Open(t)
	url := serving(t, runs(t))
	title := func(has string) {
		t.Helper()
		b.Wait(fmt.Sprintf("document.readyState === 'complete' && document.title.includes(%q)", has))
	}
	for _, look := range []struct {
		name          string
		width, height int
		dark          bool
	}{{"wide", 1280, 900, false}, {"phone-dark", 390, 844, true}} {
		b.Look(look.width, look.height, look.dark)
		shot := func(name string) {
			t.Helper()
			b.Fits()
			b.Shot(look.name + "-" + name)
		}
		b.Go(url)
		title("Runs")
		shot("1-runs")
		b.Click(`a[href="runs/one/"]`)
		title("small on 2 cores")
		b.Wait(`document.querySelector("#explore canvas")`)
		shot("2-report")
		b.Click(`.tabs a:nth-child(2)`)
		title("Matrix by throughput")
		shot("3-matrix")
		b.Click(`a[href*="` + cas + `"]`)
		title("cas, g by id, 8 workers")
		shot("4-cell")
		b.Click(`a[href$="wall/ui/flamegraph"]`)
		title(cas)
		b.Wait(`document.querySelectorAll("#stack-chart .boxbg").length > 10`)
		b.Shot(look.name + "-5-flame")
		b.Back()
		title("cas, g by id, 8 workers")
		b.Click(`.profiles .chip`)
		title("cas minus mutexmap")
		shot("6-difference")
		b.Click(`a[href$="wall/page/ui/flamegraph"]`)
		b.Wait(`document.querySelectorAll("#stack-chart .boxbg").length > 10 && document.querySelector(".cb-bar").textContent.includes("has more of")`)
		b.Shot(look.name + "-7-difference-flame")
		b.Click(`.cb-bar li:first-child a`)
		title("Runs")
		b.Click(`.pick button`)
		title("From one to two")
		shot("8-changes")
	}
}

// The plot of a report answers to its dials, tells what the pointer is at, and leads to cells.
func TestThePlotAnswers(t *testing.T) {
	b := browser.Open(t)
	b.Look(1280, 900, false)
	b.Go(serving(t, runs(t)) + "runs/one/")
	b.Wait(`document.querySelector("#explore canvas")`)
	dials := browser.Eval[string](b, `[...document.querySelectorAll(".dials select")].map(s => s.name).join()`)
	if dials != "rate,measure" {
		t.Errorf("dials %s: want those with a choice only", dials)
	}
	// The pointer over each place of the plot: a point answers, and the click leads to a cell.
	hit := browser.Eval[string](b, `(() => {
		const over = document.querySelector("#explore .u-over"), box = over.getBoundingClientRect();
		for (let y = 2; y < box.height; y += 6) for (let x = 0; x < box.width; x += 6) {
			over.dispatchEvent(new MouseEvent("mousemove", {clientX: box.left + x, clientY: box.top + y, bubbles: true}));
			if (over.style.cursor === "pointer") return "hit";
		}
		return "none";
	})()`)
	b.Wait(`document.querySelector(".readout a")`)
	text := browser.Eval[string](b, `document.querySelector(".readout").textContent`)
	if hit != "hit" || !strings.Contains(text, "worker") || !strings.Contains(text, "[") {
		t.Errorf("%s, and it tells %q", hit, text)
	}
	browser.Eval[bool](b, `(() => { const s = document.querySelector("select[name=measure]"); s.value = "versus"; s.onchange(); document.querySelector("input[name=log]").click(); return true; })()`)
	b.Wait(`document.querySelector("#explore .u-over").getAttribute("aria-label").includes("times mutexmap against workers, mutexmap, cas of rate inf") || document.querySelector("#explore .u-over").getAttribute("aria-label").includes("cas")`)
	b.Click(`input[name="crawler-mutexmap"]`)
	b.Wait(`!document.querySelector("#explore .u-over").getAttribute("aria-label").includes("mutexmap,")`)
	b.Click(".readout a")
	b.Wait(`location.pathname.includes("/cells/impl=")`)
	// A point of a picture leads there too, without a script.
	b.Back()
	b.Wait(`document.querySelector("svg.plot a[href*='cells/'] circle")`)
	b.Click("svg.plot a[href*='cells/'] circle")
	b.Wait(`location.pathname.includes("/cells/impl=")`)
}

// A run goes on while its page is open: what is new appears, and at its end the report.
func TestARunThatGoesOnIsSeen(t *testing.T) {
	b := browser.Open(t)
	dir := t.TempDir()
	p, err := runtest.Plan(small2, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := store.Create(filepath.Join(dir, "now"),
		store.Manifest{Scenario: "small", Started: time.Now(), Host: map[string]string{"cpu": "made up", "cores": "2"}},
		p)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	next := 0
	sample := func(n int) {
		for ; n > 0; n-- {
			slot := p.Schedule[next]
			rec := store.Record{Kind: store.KindSample, Round: slot.Round, Slot: slot.Slot,
				Cell: p.Cells[slot.Cell].ID(), Start: time.Now(), Wall: 0.1,
				Sample: &store.Sample{Crawls: 1, Seconds: []float64{0.01}, Values: map[string]float64{}}}
			for _, u := range store.Units() {
				rec.Sample.Values[u] = 1
			}
			rec.Sample.Values["pages/op"], rec.Sample.Values["sec/op"] = 1000, 0.01+float64(next)/1e6
			if err := run.Append(rec); err != nil {
				t.Fatal(err)
			}
			next++
		}
	}
	sample(3)
	url := serving(t, dir)
	b.Look(1280, 900, false)
	b.Go(url)
	b.Wait(`document.querySelector("[data-field=state]").textContent === "running" && document.querySelector("[data-field=done]").textContent === "3"`)
	sample(2)
	b.Wait(`document.querySelector("[data-field=done]").textContent === "5"`)
	b.Click(`a[href="runs/now/"]`)
	b.Wait(`document.querySelector("main [data-field=done]").textContent === "5"`)
	id := p.Cells[p.Schedule[next].Cell].ID()
	sample(1)
	b.Wait(`document.querySelector("main [data-field=done]").textContent === "6"`)
	if p.Cells[p.Schedule[next-1].Cell].IsControl() == false {
		b.Wait(fmt.Sprintf(`document.getElementById(%q).querySelector("[data-field=speed]").textContent === "100k"`,
			id))
	}
	b.Fits()
	b.Shot("wide-8-running")
	sample(len(p.Schedule) - next)
	if err := run.Update(func(m *store.Manifest) { m.State, m.Ended = store.Complete, time.Now() }); err != nil {
		t.Fatal(err)
	}
	b.Wait(`document.querySelector("#explore canvas")`) // the page has become the report
	if _, err := os.Stat(filepath.Join(dir, "now", "report.html")); err == nil {
		t.Error("the server wrote something")
	}
}

// A served report is in a sandbox: its plots live, its links lead to places within and to the raw data.
func TestAServedReportWorks(t *testing.T) {
	b := browser.Open(t)
	dir := runs(t)
	published(t, filepath.Join(dir, "one"))
	url := serving(t, dir)
	b.Look(1280, 900, false)
	b.Go(url + "runs/one/files/report.html")
	b.Wait(`document.readyState === "complete" && document.querySelectorAll("button.zoom").length > 0`)
	browser.Eval[bool](b, `(document.querySelectorAll("button.zoom").forEach(b => b.click()), true)`)
	b.Wait(`document.querySelectorAll(".uplot canvas").length > 0`)
	b.Fits()
	b.Shot("report-1")
	b.Click(`svg.plot a[href^="#"] circle`)
	b.Wait(`document.querySelector("details.cell:target[open]")`)
	b.Shot("report-2-cell")
	b.Click(`a[href="journal.jsonl"]`)
	b.Wait(`location.pathname.endsWith("/journal.jsonl") && document.body.textContent.includes('"crc"')`)
	b.Go(url + "runs/one/files/report.html")
	b.Click(`details.cell a[href$="/breakdown.json"]`)
	b.Wait(`document.body.textContent.includes("state_sec")`)
}

// Texts of a run that are markup, or turn the direction of writing, are seen as what they are, on every page and in the
// served report: none of their scripts runs, and nothing sticks out.
func TestAHostileRunIsSeen(t *testing.T) {
	const evil = "\"'><script>document.title='in'</script><img src=x onerror=\"document.title='in'\">\x1b[2J\u202etxt"
	b := browser.Open(t)
	dir := t.TempDir()
	p, err := runtest.Plan(small2, false)
	if err != nil {
		t.Fatal(err)
	}
	big, err := runtest.Big(true)
	if err != nil {
		t.Fatal(err)
	}
	r := runtest.Run{Plan: p, Speed: func(c plan.Cell, _ int) float64 { return 1e5 * float64(len(c.Impl)) },
		Noise: 0.01,
		Manifest: store.Manifest{Scenario: evil, State: store.Complete, Command: []string{evil},
			Host: map[string]string{"cpu": evil, "cores": "2"}},
		Breakdown: func(c plan.Cell) *breakdown.Breakdown {
			l := big.Breakdown(c)
			for i := range l.Sites {
				l.Sites[i].Where, l.Ends[i].By = evil, evil
			}
			return l
		},
		Profile: func(c plan.Cell, kind string) *profile.Profile {
			p := big.Profile(c, kind)
			for i, f := range p.Function {
				f.Name = fmt.Sprint(evil, i)
			}
			return p
		},
		Change: func(c plan.Cell, rec *store.Record) {
			if rec.Sample.Flags = []string{evil}; c.Impl == "cas" && c.Workers == 1 && c.Rate == 0 {
				if rec.Sample = nil; rec.Round == 0 {
					rec.Kind, rec.Failure = store.KindFailure, &store.Failure{Class: evil, Message: evil}
				}
			}
		}}
	name := "\xff<b>\u202e"
	run, err := r.Write(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	run.Close()
	published(t, filepath.Join(dir, name))
	if err := os.CopyFS(filepath.Join(dir, "damaged"), os.DirFS(filepath.Join(dir, name))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "damaged", "plan.json"), []byte(evil), 0o666); err != nil {
		t.Fatal(err)
	}
	root := serving(t, dir)
	at := "runs/" + url.PathEscape(name) + "/"
	for _, look := range []struct {
		name          string
		width, height int
	}{{"wide", 1280, 900}, {"phone", 390, 844}} {
		b.Look(look.width, look.height, look.name == "phone")
		for i, page := range []string{"", at, at + "matrix/throughput/", at + "cells/" + cas + "/", at + "diff/" + cas +
			"/" + url.PathEscape(name) + "/" + mutexmap + "/", at + "files/report.html"} {
			b.Go(root + page)
			b.Wait(`document.readyState === "complete" && document.body.textContent.includes("script>")`)
			title := browser.Eval[string](b, "document.title")
			if title == "in" || browser.Eval[int](b, "document.images.length") > 0 {
				t.Errorf("%s: a script of the run has run, or its picture is there: the title is %q", page, title)
			}
			b.Fits()
			b.Shot(fmt.Sprintf("hostile-%s-%d", look.name, i))
		}
		b.Go(root + at + "cells/" + cas + "/wall/ui/flamegraph")
		b.Wait(`document.querySelectorAll("#stack-chart .boxbg").length > 10`)
		if title := browser.Eval[string](b, "document.title"); title == "in" {
			t.Error("a script of the run has run in the flame graph")
		}
		b.Shot("hostile-" + look.name + "-flame")
	}
	b.Go(root + "runs/damaged/")
	b.Wait(`document.body.textContent.includes("plan.json is damaged")`)
	b.Shot("hostile-damaged")
	for _, w := range b.Wrong() {
		if !strings.Contains(w, "500 (Internal Server Error)") { // the damaged run
			t.Error(w)
		}
	}
}
