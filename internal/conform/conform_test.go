//go:build unix

package conform_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/conform/rude"
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
)

// TestMain makes the test binary the child process of the checks.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == conform.ChildVerb {
		all := slices.Concat(crawler.All(), mutant.Crawlers(), rude.Crawlers(), planted())
		conform.Child(os.Args[2:], slices.AppendSeq(all, maps.Values(wrongOverHTTP())))
	}
	os.Exit(m.Run())
}

// impatience is the time limit of a check of mutants, some of which use all of it. Correct crawlers need less than two
// seconds on an idle machine; they have conform.Patience, and package child extends the limit on a busy one.
const impatience = 5 * time.Second

func run(t *testing.T, crawlers []crawl.Crawler, keys ...string) []conform.Result {
	return runWithin(t, conform.Patience, crawlers, nil, keys...)
}

func runChecks(t *testing.T, crawlers []crawl.Crawler, checks []string, keys ...string) []conform.Result {
	return runWithin(t, impatience, crawlers, checks, keys...)
}

func runWithin(t *testing.T, patience time.Duration, crawlers []crawl.Crawler, checks []string,
	keys ...string) []conform.Result {
	return conform.Suite{Crawlers: crawlers, Keys: keys, Checks: checks, Patience: patience,
		Command: func(crawler, keys, check string) *exec.Cmd {
			cmd := exec.CommandContext(t.Context(), os.Args[0], conform.ChildVerb, crawler, keys, check)
			cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
			return cmd
		}}.Run(t.Context())
}

// Built-in crawlers pass, and there is a result for each check and kind of key.
func TestBuiltInCrawlersConform(t *testing.T) {
	t.Parallel()
	list := crawler.All()
	if testing.Short() { // one of each kind
		list = slices.DeleteFunc(list, func(c crawl.Crawler) bool {
			return !slices.Contains([]string{"cas", "owner",
				"level"}, c.Name)
		})
	}
	results := run(t, list, "id", "url")
	want := 0
	for _, c := range list {
		want += 2 * len(conform.Checks())
		if c.Polite {
			want += 2 * len(conform.PoliteChecks())
		}
	}
	if len(results) != want {
		t.Errorf("%d results, want %d", len(results), want)
	}
	for _, v := range results {
		if v.Kind != conform.Pass {
			t.Errorf("%s by %s, %s: %s: %s", v.Crawler, v.Keys, v.Check, v.Kind, v.Text)
		}
	}
}

// Correct crawlers with unusual designs pass. Waiting on the limiter in each worker gets advice. By URL they get the
// checks that see a difference: of the keys themselves, of their memory, and of what is remembered.
func TestUnusualCrawlersConform(t *testing.T) {
	t.Parallel()
	list := mutant.Controls()
	if testing.Short() {
		list = slices.DeleteFunc(list, func(c crawl.Crawler) bool {
			return !slices.Contains([]string{"right",
				"waitineach"}, c.Name)
		})
	}
	results := run(t, list, "id")
	oneKind := func(c crawl.Crawler) bool { return c.ByURL == nil || c.ByID == nil }
	byURL := slices.DeleteFunc(slices.Clone(list), oneKind)
	if !testing.Short() {
		results = append(results, runWithin(t, conform.Patience, byURL,
			[]string{"seeds", "collide", "options", "again", "many", "memory"}, "url")...)
	}
	for _, v := range results {
		want := conform.Pass
		if v.Crawler == "waitineach" && v.Check == "cancel" {
			want = conform.Advice
		}
		if v.Kind != want {
			t.Errorf("%s by %s, %s: %s, want %s: %s", v.Crawler, v.Keys, v.Check, v.Kind, want, v.Text)
		}
		if v.Kind == conform.Advice && !strings.Contains(v.Text, "bench.InTurn(o.Limiter)") {
			t.Errorf("the advice has no remedy: %s", v.Text)
		}
	}
}

// sole returns, for each check, a mutant that only this check can find, and why. A check without such a
// mutant is redundant.
func sole() map[string]string {
	return map[string]string{
		"storm":   "longlists",        // only here two workers have the same thousand links
		"shapes":  "linkscut",         // only here a page has more than 65,536 links
		"seeds":   "seedscut",         // only here a crawl has more than 256 seeds
		"collide": "idfloat",          // only here ids are above 2^24
		"options": "hintasbudget",     // only here MaxPages 2 meets 64 workers and a size hint of 1
		"width":   "workers512",       // only here a crawl has more than 512 workers
		"slow":    "pagetimeout",      // only here a page takes more than an hour
		"limit":   "limitednarrow",    // only here a limiter allows more than 32 fetches in flight
		"refusal": "refusalretried",   // only here a limiter returns one error and then grants
		"cancel":  "cutlooksatfetch",  // only here a fetch ignores the end of its context
		"errors":  "eofends",          // only here an error wraps io.EOF
		"again":   "remembersresult",  // only here two crawls have the same Web
		"panic":   "swallowspanics",   // only here Fetch panics
		"bare":    "allowpolls",       // only here the limiter is a *rate.Limiter
		"many":    "keepspages",       // only here memory is measured after a crawl
		"memory":  "queuesduplicates", // only here memory is measured during a crawl
	}
}

// finders returns the checks in an order that finds most mutants early.
func finders() []string {
	list := []string{"options", "cancel", "collide", "errors", "slow", "limit", "width", "refusal", "seeds", "again"}
	for _, c := range conform.Checks() {
		if !slices.Contains(list, c.Name) {
			list = append(list, c.Name)
		}
	}
	return list
}

// Every mutant is found. Those that depend on the schedule get up to 21 storms; the README shows how often one is
// enough.
func TestSuiteFindsEveryMutant(t *testing.T) {
	if testing.Short() {
		t.Log("without -short only")
		return
	}
	t.Parallel()
	var alive []crawl.Crawler
	for _, m := range mutant.All() {
		if !slices.Contains(slices.Collect(maps.Values(sole())), m.Name) { // TestEachCheckIsNeeded has those
			alive = append(alive, m.Crawler)
		}
	}
	for _, check := range append(finders(), slices.Repeat([]string{"storm"}, 20)...) {
		survivors := conform.Survivors(runChecks(t, alive, []string{check}, "id"))
		alive = slices.DeleteFunc(alive, func(c crawl.Crawler) bool { return !slices.Contains(survivors, c.Name) })
		if len(alive) == 0 {
			return
		}
	}
	for _, c := range alive {
		t.Errorf("%s passes every check", c.Name)
	}
}

// No check is redundant.
func TestEachCheckIsNeeded(t *testing.T) {
	if testing.Short() {
		t.Log("without -short only")
		return
	}
	t.Parallel()
	list := slices.DeleteFunc(mutant.Crawlers(), func(c crawl.Crawler) bool {
		return !slices.Contains(slices.Collect(maps.Values(sole())), c.Name)
	})
	results := run(t, list, "id")
	storm := slices.DeleteFunc(slices.Clone(list), func(c crawl.Crawler) bool { return c.Name != sole()["storm"] })
	for range 20 {
		if !slices.Contains(conform.Survivors(results), sole()["storm"]) {
			break
		}
		results = append(results, runChecks(t, storm, []string{"storm"}, "id")...)
	}
	for _, c := range conform.Checks() {
		name := sole()[c.Name]
		if !slices.ContainsFunc(list, func(c crawl.Crawler) bool { return c.Name == name }) {
			t.Errorf("%s has no mutant that only it finds: write one and name it in sole, or remove the check", c.Name)
			continue
		}
		var by []string
		for _, v := range results {
			if v.Crawler == name && !v.Kind.OK() && !slices.Contains(by, v.Check) {
				by = append(by, v.Check)
			}
		}
		if !slices.Equal(by, []string{c.Name}) {
			t.Errorf("%s is found by %v, want by %s only", name, by, c.Name)
		}
	}
}

// TestWriteReadme writes the README on demand, because the matrix takes minutes.
func TestWriteReadme(t *testing.T) {
	if os.Getenv("CRAWLBENCH_GOLDEN") != "write" {
		t.Skip("only with CRAWLBENCH_GOLDEN=write")
	}
	results := run(t, mutant.Crawlers(), "id")
	for try := 0; try < 10 && len(conform.Survivors(results)) > len(mutant.Controls()); try++ {
		alive := slices.DeleteFunc(mutant.Crawlers(),
			func(c crawl.Crawler) bool { return !slices.Contains(conform.Survivors(results), c.Name) })
		results = append(results, runChecks(t, alive, []string{"storm"}, "id")...)
	}
	matrix := conform.Matrix(append(results, raced(t)...))
	if err := os.WriteFile("README.md", []byte(readme(matrix, rates(t, results))), 0o666); err != nil {
		t.Fatal(err)
	}
}

// rates repeats the storm on mutants that no check in virtual time finds, and returns how often it finds
// them.
func rates(t *testing.T, results []conform.Result) string {
	const runs = 5
	lucky := slices.DeleteFunc(mutant.Crawlers(), func(c crawl.Crawler) bool {
		storm, other := false, false
		for _, v := range results {
			if v.Crawler == c.Name && !v.Kind.OK() {
				storm = storm || v.Check == "storm"
				// independent of the schedule
				other = other || v.Check == "options" || v.Check == "width" || v.Check == "slow"
			}
		}
		return !storm || other
	})
	var list [][]conform.Result
	for range runs {
		list = append(list, runChecks(t, lucky, []string{"storm"}, "id"))
	}
	var always []string
	for _, c := range lucky {
		if rare := strings.Contains("\n"+conform.Rates(list), "\n"+c.Name+":"); !rare {
			always = append(always, c.Name)
		}
	}
	return fmt.Sprintf("found in each of %d runs: %s\n%s", runs, strings.Join(always, ", "), conform.Rates(list))
}

// raced returns, as results of a check named -race, which mutants the race detector finds in a storm.
func raced(t *testing.T) []conform.Result {
	exe := filepath.Join(t.TempDir(), "raced")
	if out, err := exec.Command("go", "build", "-race", "-o", exe,
		"crawlbench/bench/cmd/crawlbench").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	list := conform.Suite{Crawlers: mutant.Crawlers(), Keys: []string{"id"}, Checks: []string{"storm"},
		Command: func(crawler, keys, check string) *exec.Cmd {
			return exec.CommandContext(t.Context(), exe, conform.ChildVerb, crawler, keys, check)
		}}.Run(t.Context())
	for i := range list {
		list[i].Check = "-race"
		if list[i].Kind != conform.Race {
			list[i].Kind = conform.Pass
		}
	}
	return list
}

// The README lists every check and every mutant.
func TestReadmeIsUpToDate(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range conform.Checks() {
		if !strings.Contains(string(text), fmt.Sprintf("| %s | %s |", c.Name, c.Doc)) {
			t.Errorf("check %s is missing or its text differs: run CRAWLBENCH_GOLDEN=write go test -run TestWriteReadme -timeout 40m ./internal/conform", c.Name)
		}
	}
	for _, m := range mutant.All() {
		if !strings.Contains(string(text), fmt.Sprintf("| %s | %s | %s |", m.Name, m.Doc, m.Case)) {
			t.Errorf("mutant %s is missing or its text differs: run CRAWLBENCH_GOLDEN=write go test -run TestWriteReadme -timeout 40m ./internal/conform", m.Name)
		}
	}
}

func readme(matrix, rates string) string {
	var b strings.Builder
	b.WriteString(`# The conformance suite

` + "`crawlbench conform`" + ` runs these checks on crawlers, each in its own process. ` + "`bench.Conform`" + ` does so in a test of
your own crawler. A check passes only if its process sends a final record. Every crawl is verified against the
sequential oracle: pages are fetched once, and only after a link to them was handed out; seeds and links are not
modified. The state of the process must be the same afterwards: GOMAXPROCS, garbage collector settings, environment,
working directory, open and temporary files, loggers, profiles, child processes, and on Linux the umask, the resource
limits and how the kernel schedules its threads. Advice is not a failure.

| check | the crawler must |
|---|---|
`)
	for _, c := range conform.Checks() {
		fmt.Fprintf(&b, "| %s | %s |\n", c.Name, c.Doc)
	}
	b.WriteString(`
With ` + "`-transport http`" + `, crawlers by URL are instead checked over HTTP, in virtual time: a site in the same process
sends HTML over connections in memory, with redirects, charsets, gzip, slow bodies and failures, and says from its own
log which page was fetched, how often, and, for crawlers that are Polite, with which gaps. All built-in crawlers take ten
seconds on two cores.
`)
	b.WriteString("\nThese crawlers are correct, with unusual designs, and pass:\n\n| control | design |\n|---|---|\n")
	for _, c := range mutant.Controls() {
		fmt.Fprintf(&b, "| %s | %s |\n", c.Name, c.Doc)
	}
	b.WriteString("\nThese mutants are broken on purpose, each a few lines away from a correct crawler:\n\n" +
		"| mutant | bug | seen in |\n|---|---|---|\n")
	for _, m := range mutant.All() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m.Name, m.Doc, m.Case)
	}
	b.WriteString("\nEach mutant is found by at least one check (`crawlbench conform -mutants`, ids as keys):\n\n")
	for line := range strings.Lines(matrix) {
		b.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
	}
	b.WriteString("\nWhether a storm finds a race depends on the schedule. `crawlbench conform -mutants -checks storm -count 5` on two cores:\n\n")
	for line := range strings.Lines(rates) {
		b.WriteString("    " + line)
	}
	b.WriteString(`
The column -race shows what the race detector finds in a storm, in a program built with -race: unsynchronised accesses,
such as a map without a lock. It cannot find a check-then-act race whose two steps are each synchronised, as in
` + "`checkthenact` and `loadthenstore`" + `, nor a deadlock, a leak or a wrong rate.

Races need two processors, so storm uses at least two. ` + "`crawlbench conform -yield ./your/package`" + ` works with one: it inserts
calls of runtime.Gosched between the statements of that package, chosen by a seed, and tries many seeds. ` + "`make stress`" + `
does so for the built-in crawlers, and shows how often it finds some mutants.
`)
	return b.String()
}
