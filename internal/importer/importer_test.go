package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/graph"
)

// text is a source with that content.
func text(name, content string) Source {
	return Source{Name: name, Size: int64(len(content)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

// all keeps leaves and skips all broken records.
var all = Options{Leaves: true, Broken: 1}

// imported imports content.
func imported(t testing.TB, content string, o Options) (*graph.Graph, *Report) {
	t.Helper()
	g, rep, err := Import(t.Context(), []Source{text("x", content)}, o)
	if err != nil {
		t.Fatal(err)
	}
	return g, rep
}

// shown writes a graph as text: a line for each page, with status, size, wait and links, where https://a.example/ is
// a/ and > is before the start page.
func shown(g *graph.Graph) string {
	name := func(p uint32) string {
		return strings.Replace(strings.TrimPrefix(g.URL(p), "https://"), ".example", "", 1)
	}
	var b strings.Builder
	for p := range uint32(g.Pages()) {
		mark := ""
		if p == g.Start {
			mark = ">"
		}
		r := g.Record
		fmt.Fprintf(&b, "%s%s %d %d %v:", mark, name(p), r.Status[p], r.Sizes[p],
			time.Duration(r.Waits[p])*time.Microsecond)
		for _, q := range g.Out(p) {
			b.WriteString(" " + name(q))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// wantGraph fails the test unless g is the graph that want shows.
func wantGraph(t *testing.T, g *graph.Graph, want string) {
	t.Helper()
	if got := shown(g); strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("have\n%swant\n%s", got, strings.TrimLeft(want, "\n"))
	}
	if err := g.Validate(); err != nil {
		t.Error(err)
	}
}

// wantError fails the test unless importing content fails with an error that contains each of want.
func wantError(t *testing.T, content string, o Options, want ...string) {
	t.Helper()
	_, _, err := Import(t.Context(), []Source{text("x", content)}, o)
	if err == nil {
		t.Errorf("%.80q: no error, want %q", content, want)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%.80q: error %q, want %q", content, err, w)
		}
	}
}

func TestPagesThatWereNeverFetchedAreKeptOrLeftOut(t *testing.T) {
	content := `{"url": "https://a.example/", "links": ["/1", "/2", "https://b.example/", "/1"], "seconds": 0.5}
{"url": "https://a.example/2", "links": ["/"], "seconds": 0.1}
`
	g, rep := imported(t, content, all)
	wantGraph(t, g, `
>a/ 200 0 500ms: a/1 a/2 b/ a/1
a/2 200 0 100ms: a/
a/1 0 0 100ms:
b/ 0 0 100ms:
`)
	if rep.Leaves != 2 || rep.Fetched != 2 || rep.Hosts != 2 || rep.Reached != 4 {
		t.Errorf("%+v", rep)
	}
	g, rep = imported(t, content, Options{Broken: 1})
	wantGraph(t, g, `
>a/ 200 0 500ms: a/2
a/2 200 0 100ms: a/
`)
	if rep.Leaves != 2 || rep.Pages != 2 {
		t.Errorf("%+v", rep)
	}
}

// A page that was never fetched waits as long as the median page of its host, or else of all.
func TestUnknownLatenciesAreThoseOfTheHost(t *testing.T) {
	g, rep := imported(t, `{"url": "https://a.example/", "links": ["https://b.example/", "https://c.example/", "https://b.example/x"], "seconds": 3}
{"url": "https://b.example/", "seconds": 1}
{"url": "https://b.example/2", "seconds": 2}
{"url": "https://b.example/3", "seconds": 9}
{"url": "https://b.example/4", "status": 500}
`, all)
	wantGraph(t, g, `
a/ 200 0 3s: b/ c/ b/x
b/ 200 0 1s:
b/2 200 0 2s:
b/3 200 0 9s:
b/4 500 0 2s:
b/x 0 0 2s:
c/ 0 0 2s:
>seeds.invalid/ 0 0 0s: a/ b/2 b/3 b/4
`)
	if fmt.Sprint(rep.Waits) != "[2s 3s 3s 9s]" || rep.Roots != 4 || rep.FailedBy() != "500: 1" {
		t.Errorf("%v, %d roots, failed by %s", rep.Waits, rep.Roots, rep.FailedBy())
	}
	_, rep = imported(t, `{"url": "https://a.example/"}`, all)
	if rep.Waits != nil {
		t.Errorf("without times the latencies are %v", rep.Waits)
	}
}

// A crawl starts where it takes the fewest pages to reach all: a page that leads to all, even if it is not the first.
func TestStartPages(t *testing.T) {
	line := func(from string, to ...string) string {
		return fmt.Sprintf("{\"url\": \"https://a.example/%s\", \"links\": [\"%s\"]}\n", from,
			strings.Join(to, "\", \""))
	}
	starts := func(content string, o Options) string {
		g, _ := imported(t, content, o)
		if url := g.URL(g.Start); url != seedsPage {
			return url
		}
		var list []string
		for _, q := range g.Out(g.Start) {
			list = append(list, strings.TrimPrefix(g.URL(q), "https://a.example/"))
		}
		return strings.Join(list, " ")
	}
	for _, test := range []struct{ content, want string }{
		{line("1", "2") + line("2", "3") + line("3", "1"), "https://a.example/1"},
		{line("2", "3") + line("3") + line("1", "2"), "https://a.example/1"},
		{line("1", "2") + line("2") + line("3", "4") + line("4", "3"), "1 3"},
		{line("4", "3") + line("2") + line("1", "2") + line("3", "4"), "4 1"},
		{line("1", "1"), "https://a.example/1"},
	} {
		if got := starts(test.content, all); got != test.want {
			t.Errorf("%s: starts at %s, want %s", test.content, got, test.want)
		}
	}
	// A page that failed and is linked from nowhere does not change where a crawl starts, unless there are seeds.
	lost := strings.Replace(line("9"), "\"links\"", "\"status\": 404, \"links\"", 1)
	if got := starts(lost+line("1", "2")+line("2"), all); got != "https://a.example/1" {
		t.Errorf("with a page that failed: starts at %s", got)
	}
	if got := starts(line("1")+lost+line("2"), all); got != "1 9 2" {
		t.Errorf("with a seed that failed: starts at %s", got)
	}
	if got := starts(lost, all); got != "https://a.example/9" {
		t.Errorf("with nothing else: starts at %s", got)
	}
	two := line("1", "2") + line("2")
	if got := starts(two, Options{Leaves: true, Start: "HTTPS://A.example/x/../2#y"}); got != "https://a.example/2" {
		t.Errorf("with a given start page: %s", got)
	}
	wantError(t, two, Options{Start: "https://a.example/7"}, `no page "https://a.example/7"`,
		"such as \"https://a.example/1\"")
	wantError(t, two, Options{Start: "mailto:x"}, "invalid start page", "http or https")
	taken := strings.ReplaceAll(line("1")+line("2"), "a.example", "seeds.invalid")
	g, _ := imported(t, taken, all)
	if got := g.URL(g.Start); got != "https://more-seeds.invalid/" {
		t.Errorf("the page of the seeds is %s", got)
	}
}

// Of several fetches of a page the first success counts, with its links alone.
func TestPagesThatWereFetchedSeveralTimes(t *testing.T) {
	g, rep := imported(t, `{"url": "https://a.example/", "status": 503, "links": ["/no"]}
{"url": "https://a.example/", "redirect": "/login", "seconds": 1}
{"url": "https://a.example/", "links": ["/1"], "bytes": 10}
{"url": "https://a.example/", "links": ["/2"], "bytes": 20, "seconds": 2}
{"url": "https://a.example/", "status": 404}
`, all)
	wantGraph(t, g, `
>a/ 200 10 2s: a/1
a/1 0 0 2s:
`)
	if rep.Repeated != 4 || rep.Records != 5 || rep.Failed != 0 {
		t.Errorf("%+v", rep)
	}
}

func TestBrokenRecordsAreNamedAndBounded(t *testing.T) {
	good := `{"url": "https://a.example/"}` + "\n"
	content := good + "{\n" + good + "{\"url\": \"x\x1b[31m\"}\n" + good
	_, rep := imported(t, content, all)
	if rep.Broken != 2 || rep.Records != 3 || len(rep.First) != 2 ||
		!strings.HasPrefix(rep.First[0], "x:2: invalid record") ||
		!strings.HasPrefix(rep.First[1], "x:4: invalid ") ||
		strings.ContainsRune(strings.Join(rep.First, ""), 0x1b) {
		t.Errorf("%+v", rep)
	}
	wantError(t, content, Options{Broken: 0.39}, "broken records: 2 of 5, 40 %: want at most 39 %", "-broken 41%:",
		"x:2: ", "x:4: ")
	imported(t, content, Options{Broken: 0.4})
	_, rep = imported(t, good+strings.Repeat("{\n", 1000), all)
	if rep.Broken != 1000 || len(rep.First) != mostFirst {
		t.Errorf("%d of %d are named", len(rep.First), rep.Broken)
	}
	wantError(t, good+strings.Repeat("{\n", 1000), Options{Broken: 0.5}, "1,000 of 1,001, 99.9 %", "-broken 100%:")
	wantError(t, "{}\n", Options{Broken: 0.5}, "broken records: 1 of 1, 100 %: want at most 50 %: look at them, and at ")
	wantError(t, strings.Repeat("{}\n", 10), Options{Broken: 1}, "no page was fetched in 0 records")
}

func TestFormatsAreToldByTheirContent(t *testing.T) {
	for content, want := range map[string][]string{
		"":                                 {"x: the file is empty: want JSON lines", "WARC", "crawl.log of Heritrix"},
		" \n\n":                            {"the file is empty"},
		"https://a.example/\n\x1b[2J":      {`unknown format, it begins with "https://a.example/"`, "-format"},
		"[{\"url\": \"x\"}]":               {"a JSON array", "jq -c '.[]' x | crawlbench import -"},
		"\x28\xb5\x2f\xfd123":              {"zstd -dc x | crawlbench import -"},
		"\xff\xfe{\x00\"\x00":              {"text in UTF-16: iconv -f UTF-16 -t UTF-8 x"},
		"\xfe\xff\x00{":                    {"text in UTF-16: iconv -f UTF-16 -t UTF-8 x"},
		"{\"log\": {\"version\": \"1.2\"":  {"HAR, which has no links", ".log.entries[]", "x | crawlbench import -"},
		"\ufeff{\r\n  \"log\": {\r\n":      {"HAR"},
		"{\n  \"url\": \"https://a.b/\"\n": {"JSON with objects of several lines", "jq -c . x | crawlbench import -"},
		"<html>":                           {"HTML or XML"},
		"PK\x03\x04":                       {"WACZ"},
		" CDX N b a":                       {"a CDX index"},
		"filedesc://x.arc 0.0.0.0 2011":    {"ARC"},
		"crawlbench cbg1\n\x00":            {"imported already"},
	} {
		wantError(t, content, all, want...)
	}
	// A given format is taken as given.
	wantError(t, "https://a.example/\n", Options{Format: "jsonl", Broken: 1}, "no page was fetched")
}

// A graph that needs too much memory is refused while it is collected, with an estimate for the whole.
func TestMemoryIsBounded(t *testing.T) {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, "{\"url\": \"https://a.example/%d\", \"links\": [\"/x%d\"]}\n", i, i)
	}
	wantError(t, b.String(), Options{Leaves: true, Memory: 4 << 20}, "needs 4 MiB of memory",
		"and the whole file about ", "but 4 MiB are free", "x:")
	imported(t, b.String(), Options{Leaves: true, Memory: 20 << 20}) // 40,000 pages of 250 bytes, and a block of links
}

func TestAnImportCanBeInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("interrupt signal")
	cancel(cause)
	if _, _, err := Import(ctx, []Source{text("x", "{}\n")}, all); !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
}

// Errors of reading, other than damage, end the import: what was read so far is not all.
func TestErrorsOfReadingAreReturned(t *testing.T) {
	bad := errors.New("input/output error")
	for _, before := range []string{"", "{\"url\": \"https://a.example/\"}\n", "WARC/1.0\r\nContent-Length: 5\r\n\r\nab"} {
		s := Source{Name: "x", Open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader(before), failing{bad})), nil
		}}
		if _, _, err := Import(t.Context(), []Source{s}, all); !errors.Is(err, bad) {
			t.Errorf("after %q: error %v, want %v", before, err, bad)
		}
		s.Open = func() (io.ReadCloser, error) { return nil, bad }
		if _, _, err := Import(t.Context(), []Source{s}, all); !errors.Is(err, bad) {
			t.Errorf("error %v of opening, want %v", err, bad)
		}
	}
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Several files are one crawl: the times of a crawl.log, and the links of a WARC file.
func TestFilesAddUp(t *testing.T) {
	log := logLine(200, 10, "https://a.example/", "-", "-", 100) +
		logLine(200, 10, "https://a.example/1", "L", "https://a.example/", 200) +
		logLine(200, 10, "https://a.example/2", "L", "https://a.example/", 300)
	archive := response("https://a.example/", "Content-Type: text/html\r\n",
		`<a href=2>2</a><a href=1>1</a><a href=1>1</a>`) +
		response("https://a.example/1", "Content-Type: text/html\r\n", `<a href=/>home</a>`)
	for _, sources := range [][]Source{{text("log", log), text("w", archive)}, {text("w", archive), text("log", log)}} {
		g, rep, err := Import(t.Context(), sources, all)
		if err != nil {
			t.Fatal(err)
		}
		var links []string
		for _, q := range g.Out(0) {
			links = append(links, g.URL(q))
		}
		if fmt.Sprint(links) != "[https://a.example/2 https://a.example/1 https://a.example/1]" ||
			g.Record.Waits[0] != 100_000 ||
			rep.Repeated != 2 ||
			rep.Pages != 3 {
			t.Errorf("links %v, %+v", links, rep)
		}
	}
}
