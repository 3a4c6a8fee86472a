package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain/markdown"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
)

// explained returns the analysis of a fabricated run with a time breakdown of one cell, whose sites
// have hostile names.
func explained(t *testing.T) *diagnose.Analysis {
	t.Helper()
	run := sampled(t)
	p := run.Plan()
	c := p.Cells[p.Passes[0].Cell]
	l := &breakdown.Breakdown{Workers: c.Workers, Crawls: 1, Pages: 1000, Wall: 1, Worker: float64(c.Workers),
		Seconds: map[breakdown.State]float64{
			breakdown.Running: 0.5 * float64(c.Workers), breakdown.Lock: 0.5 * float64(c.Workers)},
		Sites: []breakdown.Site{{State: breakdown.Lock, Where: "<script>alert(1)</script> f.go:1",
			Primitive: "sync.(*Mutex).Lock", Count: 5, Seconds: 4, Share: 0.5}},
		Ends: []breakdown.End{{State: breakdown.Lock, Where: "a|b f.go:1", By: "pkg.g f.go:9", Count: 5, Seconds: 4}}}
	text, err := json.Marshal([]*breakdown.Breakdown{l, l, l})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("profiles", c.ID(), "breakdown.json")
	if err := os.MkdirAll(filepath.Dir(filepath.Join(run.Dir(), file)), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run.Dir(), file), text, 0o666); err != nil {
		t.Fatal(err)
	}
	err = run.Append(store.Record{Kind: store.KindProfile, Round: -1, Slot: 0, Cell: c.ID(), Start: time.Unix(9, 0),
		Wall:    1,
		Profile: &store.Profile{Crawls: 1, Pages: 1000, Sec: 0.1, Files: map[string]string{"breakdown": file}}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := diagnose.Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func rendered(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, explained(t)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The golden file has the page without the assets, which have files of their own.
func TestHTML(t *testing.T) {
	a := showcase(t)
	var b bytes.Buffer
	if err := HTML(&b, a); err != nil {
		t.Fatal(err)
	}
	page := relative(a, b.String())
	for _, name := range []string{"uplot/uPlot.min.css", "uplot/uPlot.iife.min.js", "uplot/LICENSE", "report.css",
		"report.js"} {
		page = strings.Replace(page, Asset(name), "("+name+")", 1)
	}
	golden(t, "report.html.golden", page)
}

func TestMarkdown(t *testing.T) {
	a := showcase(t)
	var b bytes.Buffer
	pictures, err := Markdown(&b, a)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.md.golden", relative(a, b.String()))
	for _, ref := range regexp.MustCompile(`!\[[^\]]*\]\(([^)]+)\)`).FindAllStringSubmatch(b.String(), -1) {
		if !strings.Contains(pictures[ref[1]], "<svg") {
			t.Errorf("no picture %s", ref[1])
		}
		delete(pictures, ref[1])
	}
	if len(pictures) > 0 {
		t.Errorf("pictures without a reference: %d", len(pictures))
	}
}

// The Markdown of a run of two graphs explains each table once, and lists no cells.
func TestMarkdownSaysEverythingOnce(t *testing.T) {
	p := fullPage(showcase(t))
	p.Sections[0].Figures[0].Sentence = "A bar is the time of a page."
	again := p.Sections[0]
	again.Title = "another graph"
	p.Sections = append(p.Sections, again)
	var b strings.Builder
	if _, err := p.markdown(&b); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(b.String()) {
		if seen[line] && len(line) > 60 && !strings.HasPrefix(line, "|") && !strings.HasPrefix(line, "![") &&
			!strings.ContainsAny(line, "0123456789") {
			t.Errorf("twice: %s", line)
		}
		seen[line] = true
		if strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
			t.Errorf("%q ends in blanks", line)
		}
	}
	for _, c := range p.Cells {
		if strings.Contains(b.String(), "| "+markdown.Line(c.Name)) {
			t.Errorf("%s has a row of its own", c.Name)
		}
	}
}

func TestPageIsSound(t *testing.T) {
	page := rendered(t)
	if strings.Contains(page, "<script>alert") {
		t.Error("a name is interpreted as markup")
	}
	seen := map[string]bool{}
	for _, id := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if seen[id[1]] {
			t.Errorf("two elements have the id %s", id[1])
		}
		seen[id[1]] = true
	}
	for _, ref := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		to, inside := strings.CutPrefix(ref[1], "#")
		to, err := url.PathUnescape(to)
		if err != nil || inside && !seen[to] || strings.Contains(ref[1], "//") {
			t.Errorf("a reference to %q", ref[1])
		}
	}
}

func TestAssetsAreThosePublished(t *testing.T) {
	sums, err := os.ReadFile("uplot/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		text, err := os.ReadFile(filepath.Join("uplot", name))
		if err != nil || fmt.Sprintf("%x", sha256.Sum256(text)) != sum {
			t.Errorf("%s: %v, or another checksum", name, err)
		}
	}
}

// In a wide and in a narrow window, the page has no console errors and nothing overflows.
func TestInABrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
		}
	}
	if browser == "" {
		t.Skip("SKIPPED: chromium not found: install it, for example with apt-get install chromium")
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return "file://" + path
	}
	// The page's security policy forbids other scripts, so the test runs in a page around it.
	page := write("report.html", rendered(t))
	for _, width := range []int{1280, 390} {
		outside := write("outside.html", fmt.Sprintf(`<iframe id=f src=%q style="width:%dpx;height:900px;border:0"></iframe><script>
f.onload = () => { const d = f.contentDocument, w = d.documentElement;
	d.querySelectorAll("button.zoom").forEach(b => b.click());
	document.body.dataset.wide = [...d.querySelectorAll("body *")].filter(e => e instanceof f.contentWindow.HTMLElement && e.scrollWidth > w.clientWidth + 1 && !e.closest(".wide, .flame, pre")).map(e => e.tagName).join(" ");
	document.body.dataset.result = "wide " + w.scrollWidth + " of " + w.clientWidth + ", plots " + d.querySelectorAll(".uplot canvas").length + " of " + d.querySelectorAll("script.live").length; }
</script>`, page, width))
		cmd := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu",
			"--allow-file-access-from-files",
			"--enable-logging=stderr", "--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=5000",
			"--window-size=1400,1000", "--dump-dom", outside)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		dom, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, &errs)
		}
		for line := range strings.Lines(errs.String()) {
			if strings.Contains(line, "CONSOLE") {
				t.Errorf("width %d: %s", width, line)
			}
		}
		m := regexp.MustCompile(`data-result="wide (\d+) of (\d+), plots (\d+) of (\d+)"`).FindStringSubmatch(string(dom))
		if m == nil || m[1] != m[2] || m[3] != m[4] || m[3] == "0" {
			t.Errorf("width %d: %q; too wide are %s", width, m,
				regexp.MustCompile(`data-wide="[^"]*"`).FindString(string(dom)))
		}
	}
}
