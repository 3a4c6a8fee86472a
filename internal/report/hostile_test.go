package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	pprof "github.com/google/pprof/profile"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// evil is text that would end attributes, elements, scripts and style sheets, and control a terminal.
const evil = "\"'><script>document.title='in'</script><img src=x onerror=alert(1)>\x1b[2J\u202e|`*[a](http://example.com)\n# b"

// suspect returns the analysis of a run with evil wherever a file of a run can have text.
func suspect(t *testing.T) *diagnose.Analysis {
	t.Helper()
	p, err := runtest.Plan("crawlers = [\"mutexmap\", \"cas\"]\nworkers = [1, 8]\nrate = [\"inf\", 500]\nrounds = 8\n[[graph]]\nname = \"g\"\nkind = \"hosts\"\npages = 1000\n[profiles]\nkinds = [\"cpu\", \"wall\"]\n", false)
	if err != nil {
		t.Fatal(err)
	}
	l := &breakdown.Breakdown{Workers: 8, Crawls: 1, Pages: 1000, Wall: 1, Worker: 8,
		Seconds: map[breakdown.State]float64{breakdown.Lock: 8},
		Sites: []breakdown.Site{{State: breakdown.Lock, Where: evil, Primitive: evil, Count: 5, Seconds: 8, Share: 1},
			{State: evil, Where: evil}},
		Ends: []breakdown.End{{State: breakdown.Lock, Where: evil, By: evil, Count: 5, Seconds: 8},
			{State: evil, Where: evil, By: evil}}}
	wall := func(plan.Cell, string) *profile.Profile {
		var stack []*pprof.Location
		p := &profile.Profile{SampleType: []*pprof.ValueType{{Type: "wall", Unit: "nanoseconds"}},
			PeriodType: &pprof.ValueType{}}
		for i := range 4 { // including the outermost frame, which determines the colour
			f := &pprof.Function{ID: uint64(i + 1), Name: evil, Filename: evil}
			at := &pprof.Location{ID: f.ID, Line: []pprof.Line{{Function: f}, {Function: f}}}
			p.Function, p.Location, stack = append(p.Function, f), append(p.Location, at), append(stack, at)
		}
		p.Sample = []*pprof.Sample{{Location: stack, Value: []int64{5e9}}, {Location: stack[:1], Value: []int64{-3}}}
		return p
	}
	run, err := runtest.Run{Plan: p, Noise: 0.01,
		Speed: func(c plan.Cell, _ int) float64 { return 1e5 * float64(len(c.Impl)) },
		Manifest: store.Manifest{Scenario: evil, State: evil, Command: []string{evil}, Go: evil,
			Host:   map[string]string{"cpu": evil, "cores": evil, evil: evil},
			Graphs: []store.GraphInfo{{Name: evil, Spec: evil}}, Harness: map[string]float64{evil: 1e-9},
			Engine: map[string]float64{evil: 1e-9}, OnEngine: []string{evil}},
		Breakdown: func(plan.Cell) *breakdown.Breakdown { return l }, Profile: wall,
		Change: func(c plan.Cell, rec *store.Record) {
			rec.Sample.Flags, rec.Sample.Counts = []string{evil}, map[string]float64{evil: 1}
			if c.Impl == "cas" && c.Workers == 1 && c.Rate == 0 {
				if rec.Sample = nil; rec.Round == 0 {
					rec.Kind, rec.Failure = store.KindFailure, &store.Failure{Class: evil, Message: evil}
				}
			}
		}}.Write(filepath.Join(t.TempDir(), "evil"))
	if err != nil {
		t.Fatal(err)
	}
	return analysed(t, run)
}

// markup counts elements by name and attributes, and returns the texts of scripts.
func markup(t *testing.T, page string) (elements map[string]int, scripts []string) {
	t.Helper()
	elements = map[string]int{}
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		token := z.Token()
		if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		name := token.Data
		for _, a := range token.Attr {
			name += " " + a.Key
		}
		elements[name]++
		if token.Data == "script" && z.Next() == html.TextToken {
			scripts = append(scripts, z.Token().Data)
		}
	}
	return elements, scripts
}

// A page of a run with hostile texts has the same elements as one with harmless texts.
func TestHostileTextIsNoMarkup(t *testing.T) {
	var page bytes.Buffer
	if err := HTML(&page, suspect(t)); err != nil {
		t.Fatal(err)
	}
	known, _ := markup(t, rendered(t))
	elements, scripts := markup(t, page.String())
	known["rect x y width height"]++     // a flame graph, which the other page does not have
	known["circle cx cy r fill class"]++ // a flagged sample
	for name, n := range elements {
		if known[name] == 0 {
			t.Errorf("%d elements <%s>", n, name)
		}
	}
	own := 0
	for _, text := range scripts {
		if text == Asset("report.js") || text == Asset("uplot/uPlot.iife.min.js") {
			own++
		} else if !json.Valid([]byte(text)) {
			t.Errorf("a script %.200q", text)
		}
	}
	if own != 2 || !strings.Contains(page.String(), "&lt;img src=x onerror=alert(1)&gt;") {
		t.Errorf("%d scripts, or the text is not shown", own)
	}
	if text := page.String(); plain.Text(text) != text {
		t.Error("the page contains invisible characters")
	}
	if class := regexp.MustCompile(`class="(frames [^"]*)"`).FindAllStringSubmatch(page.String(),
		-1); len(class) == 0 || slices.ContainsFunc(class, func(m []string) bool { return m[1] != "frames s6" }) {
		t.Errorf("the frames of the flame graphs have the classes %q", class)
	}
}

func TestHostileTextIsNoMarkdown(t *testing.T) {
	a := suspect(t)
	var text bytes.Buffer
	pictures, err := Markdown(&text, a)
	if err != nil {
		t.Fatal(err)
	}
	elements, scripts := markup(t, shown(t, text.String()))
	allowed := []string{"h1", "h2", "h3", "p", "ul", "li", "strong", "img src alt", "table", "thead", "tbody", "tr",
		"th", "td", "pre", "code"}
	for name := range elements {
		if !slices.Contains(allowed, name) {
			t.Errorf("an element <%s>", name)
		}
	}
	if len(scripts) > 0 || elements["h1"] != 1 || elements["img src alt"] != len(pictures) ||
		plain.Text(text.String()) != text.String() {
		t.Errorf("scripts %q, elements %v, %d pictures", scripts, elements, len(pictures))
	}
	for file := range maps.Keys(pictures) {
		if !regexp.MustCompile(`^plots/[a-zA-Z0-9._+-]+\.svg$`).MatchString(file) {
			t.Errorf("a picture %q", file)
		}
	}
}

// Names of graphs become file names of pictures.
func TestPicturesStayInTheirDirectory(t *testing.T) {
	for _, name := range []string{"../../x", "/etc/x", "a/b", "..", "a\x00b", "\u202e", `a\b`, "é"} {
		if got := fileName(name + "-id-2"); strings.ContainsAny(got, "/\\\x00") {
			t.Errorf("%q becomes %q", name, got)
		}
	}
}

// Drawing a wall profile with 20,000 callees of one function takes about as long as one with deep
// stacks; it once took twenty times as long.
func TestAWideProfileIsDrawnInLinearTime(t *testing.T) {
	wide, deep := time.Hour, time.Hour
	for try := 0; try < 3 || try < 30 && wide > 5*deep; try++ { // the shortest times are undisturbed
		for best, open := range map[*time.Duration]files{&wide: walled(t, 20_000, false),
			&deep: walled(t, 20_000, true)} {
			begin := time.Now()
			if flame(open, "wall.pb.gz", "x") == "" {
				t.Fatal("the picture is empty")
			}
			*best = min(*best, time.Since(begin))
		}
	}
	if wide > 5*deep {
		t.Errorf("%v for wide, %v for deep stacks", wide, deep)
	}
}

// Any valid profile is drawn as valid SVG.
func FuzzDraw(f *testing.F) {
	p := &profile.Profile{SampleType: []*pprof.ValueType{{Type: "wall", Unit: "nanoseconds"}},
		PeriodType: &pprof.ValueType{}}
	for i := range 4 {
		fn := &pprof.Function{ID: uint64(i + 1), Name: evil}
		p.Function, p.Location = append(p.Function, fn),
			append(p.Location, &pprof.Location{ID: fn.ID, Line: []pprof.Line{{Function: fn}}})
	}
	p.Sample = []*pprof.Sample{{Location: p.Location, Value: []int64{5}},
		{Location: p.Location[:2], Value: []int64{1 << 62}}, {Location: p.Location[:1], Value: []int64{-1}}}
	var b bytes.Buffer
	if err := p.WriteUncompressed(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := profile.ReadFrom(bytes.NewReader(text), "x")
		if err != nil {
			return
		}
		picture := draw(p, evil)
		for d := xml.NewDecoder(strings.NewReader(picture)); ; {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%v\n%.1000s", err, picture)
			}
			if e, ok := token.(xml.StartElement); ok &&
				!slices.Contains([]string{"svg", "title", "desc", "g", "rect", "text"}, e.Name.Local) {
				t.Errorf("an element %s", e.Name.Local)
			}
		}
		if regexp.MustCompile(`="[^"]*(NaN|Inf)`).MatchString(picture) {
			t.Errorf("an invalid number: %.1000s", picture)
		}
	})
}

func TestAProfileThatCannotBeReadIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bad"), []byte("nonsense"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"bad", "none", ".."} {
		if flame(func(name string) (*os.File, error) { return os.Open(filepath.Join(dir, name)) }, file, "x") != "" {
			t.Errorf("%s is drawn", file)
		}
	}
}

// shown renders Markdown as HTML.
func shown(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	m := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList,
		extension.Footnote), goldmark.WithRendererOptions(renderer.WithUnsafe()))
	if err := m.Convert([]byte(text), &b); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}
