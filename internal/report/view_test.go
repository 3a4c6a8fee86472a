package report

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plain/shell"
	"crawlbench/internal/plan"
	"crawlbench/internal/profile/breakdown"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

func showcase(t *testing.T) *diagnose.Analysis {
	t.Helper()
	a, err := diagnose.Analyse(runtest.Showcase(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// renderings returns the renderings of an analysis, with white space collapsed.
func renderings(t *testing.T, a *diagnose.Analysis) map[string]string {
	t.Helper()
	var page, md bytes.Buffer
	if err := HTML(&page, a); err != nil {
		t.Fatal(err)
	}
	if _, err := Markdown(&md, a); err != nil {
		t.Fatal(err)
	}
	list := map[string]string{"text": Text(a, Terminal{}), "Markdown": shown(t, md.String()), "HTML": page.String()}
	for name, text := range list {
		list[name] = strings.Join(strings.Fields(html.UnescapeString(text)), " ")
	}
	return list
}

// All renderers show all texts of the view; Markdown, which is for a pull request, folds what is in HTML.
func TestAllRenderersShowTheView(t *testing.T) {
	a := showcase(t)
	p := fullPage(a)
	brief := slices.Concat(p.Headlines, p.Failed, p.Trust, []string{p.Status})
	long := slices.Clone(brief)
	var whole, lines []string // only in HTML, only in Markdown
	for _, f := range p.Findings {
		brief = append(brief, f.Text, f.Next)
		long = append(long, string(f.Kind), f.Text, f.Confidence, f.Check, f.Next)
		long = append(long, f.Evidence...)
	}
	for _, f := range p.Others {
		long, whole = append(long, string(f.Kind), f.Text, f.Confidence), append(whole, f.Check, f.Next)
	}
	for _, s := range p.Sections {
		for _, f := range s.Figures {
			long = append(long, f.Title, f.Sentence)
		}
		for _, g := range s.Groups {
			long = append(long, g.Title)
			for _, table := range g.Tables {
				texts := append([]string{table.About}, table.Head...)
				brief = append(brief, table.OneLine)
				for _, e := range slices.Concat(table.Rows...) {
					if texts = append(texts, e.Text); g.Main && table.OneLine == "" {
						brief = append(brief, e.Brief())
					}
				}
				if table.OneLine != "" {
					lines, whole = append(lines, table.OneLine), append(whole, texts...)
				} else {
					long = append(long, texts...)
				}
			}
		}
	}
	for _, c := range p.Cells {
		whole = append(whole, c.Name, c.Median, c.Versus, c.Bound)
	}
	for _, r := range p.Method {
		long = append(long, r[:]...)
	}
	if len(p.Findings)+len(p.Others) < 4 || len(p.Others) == 0 || len(p.Failed) < 3 ||
		len(p.Cells) < 20 || len(long)+len(whole) < 400 || len(lines) == 0 {
		t.Fatalf("the view has only %d texts", len(long))
	}
	for name, text := range renderings(t, a) {
		want := long
		switch name {
		case "text":
			want = brief
		case "HTML":
			want = append(whole, long...)
		case "Markdown":
			want = append(lines, long...)
		}
		for _, s := range want {
			if !strings.Contains(text, strings.Join(strings.Fields(s), " ")) {
				t.Errorf("%s lacks %q", name, s)
			}
		}
	}
}

// Failed cells of the control and of another program are shown like any other.
func TestFailuresOfAllCellsAreInTheView(t *testing.T) {
	want := []string{
		"impl=mutexmap.control,graph=g,keys=id,workers=8,rate=inf-2: hang: it waited for mutexmap.control",
		"impl=owner,graph=g,keys=id,workers=1,rate=inf-2: hang: it waited for owner",
		"impl=cas.against,graph=g,keys=id,workers=2,rate=inf-2: hang: it waited for cas.against",
	}
	got := View(showcase(t), fragmentOf).Failed
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The share of a state is the same in the figure, in the table of a cell, and in a comparison of
// two cells. It is scaled so that the states add up to 100 %; the medians and ranges beside it are
// not.
func TestTheTimeBreakdownIsScaledOnce(t *testing.T) {
	a := showcase(t)
	c := a.Tables[0].Cell("mutexmap", 8)
	f := Breakdown([]*diagnose.Cell{c}, fragmentOf)
	states, beside := States(c), StatesBeside(c, a.Tables[0].Cell("cas", 8))
	sum := 0.0
	for i, class := range breakdown.States() {
		want := Share(c.Traces.Scaled(class))
		sum += c.Traces.Scaled(class)
		if got := []string{f.Numbers.Rows[0][i+1].Text, states.Rows[i][1].Text,
			beside.Rows[i][1].Text}; !slices.Equal(got, []string{want, want, want}) {
			t.Errorf("%s: %q, want %s", class, got, want)
		}
		if name := string(class); f.Numbers.Head[i+1] != name || states.Rows[i][0].Text != name ||
			beside.Rows[i][0].Text != name {
			t.Errorf("%s is called %s, %s and %s", class, f.Numbers.Head[i+1], states.Rows[i][0].Text,
				beside.Rows[i][0].Text)
		}
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the shares add up to %v", sum)
	}
	row := func(class breakdown.State) (texts []string) {
		for _, e := range states.Rows[slices.Index(breakdown.States(), class)] {
			texts = append(texts, e.Text)
		}
		return texts
	}
	// Medians of 50 and 40 % are scaled to 55.6 and 44.4 %.
	if got := row(breakdown.Lock); !slices.Equal(got,
		[]string{"blocked: lock", "44 %", "40 %", "35 %", "50 %", "0 %"}) {
		t.Errorf("%q", got)
	}
	if got := row(breakdown.Running); !slices.Equal(got,
		[]string{"running", "56 %", "50 %", "40 %", "60 %", "0 %"}) {
		t.Errorf("%q", got)
	}
}

// A rate has the same name everywhere, with its burst and limiter.
func TestARateHasOneName(t *testing.T) {
	a := showcase(t)
	k := diagnose.Key{Graph: "g", Keys: "id", Rate: 500, Burst: 20, Limiter: "paced", Procs: 2}
	const name = "500, burst 20, limiter paced"
	i := slices.IndexFunc(a.Tables, func(t *diagnose.Table) bool { return t.Key == k })
	if got := RateName(k); got != name {
		t.Fatalf("%q", got)
	}
	if got := Condition(k); got != "g, keys id, rate "+name+", GOMAXPROCS 2" {
		t.Errorf("%q", got)
	}
	if got := CellName(a.Tables[i].Cell("cas", 8)); got != "cas, g by id, 8 workers, rate "+name {
		t.Errorf("%q", got)
	}
	found := 0
	for _, g := range View(a, fragmentOf).Sections[0].Groups {
		for _, table := range g.Tables {
			if strings.Contains(table.About, "rate "+name) {
				found++
			}
			for _, r := range table.Rows {
				if r[0].Text == name || len(r) > 1 && r[1].Text == name {
					found++
				}
			}
		}
	}
	if want := 2 + 1 + 3; found != want { // throughput and comparison, the fastest, and the bounds of three crawlers
		t.Errorf("the name occurs %d times in the tables, want %d", found, want)
	}
}

// The texts of findings, by value.
func TestFindingsInWords(t *testing.T) {
	a := showcase(t)
	got := map[string]Finding{}
	for _, f := range slices.Concat(causes(a, &experiments{}), others(a, &experiments{})) {
		got[f.Kind+" "+a.Cell(f.Cell).Impl] = f
	}
	for key, want := range map[string]string{
		"contended lock mutexmap":  "mutexmap with 8 workers on g spends 40 % of its workers' time blocked on locks, mostly at set.AddNew set.go:40; cas, which is blocked at most a quarter as much, has ",
		"stopped scaling mutexmap": "mutexmap on g stops scaling at 1 worker: with 8 it reaches 0.5",
		"wasted cycles cas":        "cas with 8 workers on g uses 2.",
		"rate exceeded mutexmap":   "limiter bucket lets through 1.8 times the rate: mutexmap with 8 workers on g at 500 pages/s",
	} {
		f, ok := got[key]
		if !ok || !strings.HasPrefix(f.Text, want) || f.Check == "" || f.Confidence == "" {
			t.Errorf("%s: %+v, want %s...", key, f, want)
		}
	}
	if f := got["contended lock mutexmap"]; f.Next != "serve -cell "+f.Cell+" -profile wall "+
		shell.Word(a.Run.Dir()) || f.Confidence != "35 % to 50 % over 3 traces; 3 of 3 reach the threshold of 15 %" {
		t.Errorf("%+v", f)
	}
	if s := fmt.Sprint(Findings(a, a.Tables[0].Cell("owner", 2))); s != "[]" {
		t.Errorf("a finding about an unremarkable cell: %s", s)
	}
}

// The commands that a report shows can be copied, whatever their words hold.
func TestCommandsAreQuoted(t *testing.T) {
	argv := []string{"crawlbench", "run", "-name", "it's mine", "a\n$b.toml"}
	p, err := runtest.Plan("crawlers = [\"cas\"]\nworkers = [1]\nrounds = 2\n[[graph]]\nname = \"g\"\nkind = \"rmat\"\n"+
		"scale = 10\n", false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtest.Run{Plan: p, Noise: 0.01, Manifest: store.Manifest{Scenario: "made", Command: argv},
		Speed: func(plan.Cell, int) float64 { return 1e5 }}.Write(filepath.Join(t.TempDir(), "a run"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := Markdown(&b, analysed(t, run)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n    crawlbench run -name 'it'\\''s mine' $'a\\x0a$b.toml'\n",
		"\n    crawlbench report -format json '" + run.Dir() + "'\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
}
