package conform_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/conform"
	"crawlbench/internal/conform/mutant"
	"crawlbench/internal/crawl"
	"crawlbench/internal/crawler"
)

// TestMain makes the test binary the child of the checks.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == conform.ChildVerb {
		conform.Child(os.Args[2:], slices.Concat(crawler.All(), mutant.Crawlers(), planted()))
	}
	os.Exit(m.Run())
}

// patience is how long a check may take here: none of a right crawler takes two seconds alone, and
// a machine that is busy
// with other tests gives longer. Some mutants take all of it.
const patience = 5 * time.Second

func run(t *testing.T, crawlers []crawl.Crawler, keys ...string) []conform.Result {
	return runChecks(t, crawlers, nil, keys...)
}

func runChecks(t *testing.T, crawlers []crawl.Crawler, checks []string, keys ...string) []conform.Result {
	return conform.Suite{Crawlers: crawlers, Keys: keys, Checks: checks, Patience: patience,
		Command: func(crawler, keys, check string) *exec.Cmd {
			cmd := exec.CommandContext(t.Context(), os.Args[0], conform.ChildVerb, crawler, keys, check)
			cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
			return cmd
		}}.Run(t.Context())
}

// The suite does not fail a built-in crawler, and has a verdict for each check and kind of key.
func TestBuiltInCrawlersConform(t *testing.T) {
	list := crawler.All()
	if testing.Short() { // one of each kind
		list = slices.DeleteFunc(list, func(c crawl.Crawler) bool {
			return !slices.Contains([]string{"cas", "owner",
				"level"}, c.Name)
		})
	}
	verdicts := run(t, list, "id", "url")
	if want := len(list) * 2 * len(conform.Checks()); len(verdicts) != want {
		t.Errorf("%d verdicts, want %d", len(verdicts), want)
	}
	for _, v := range verdicts {
		if v.Kind != conform.Pass {
			t.Errorf("%s by %s, %s: %s: %s", v.Crawler, v.Keys, v.Check, v.Kind, v.Text)
		}
	}
}

// Right crawlers with unusual habits are not failed. What waiting in each worker costs is advice.
func TestUnusualCrawlersConform(t *testing.T) {
	list, keys := mutant.Controls(), []string{"id", "url"}
	if testing.Short() {
		list = slices.DeleteFunc(list, func(c crawl.Crawler) bool {
			return !slices.Contains([]string{"right",
				"waitineach"}, c.Name)
		})
		keys = keys[:1]
	}
	for _, v := range run(t, list, keys...) {
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

// sole names, for each check, a mutant that only this check can find, by its construction: the
// reason is beside it. A check
// that has none adds nothing to the others.
func sole() map[string]string {
	return map[string]string{
		"storm":   "longlists",        // no other check lets two workers have the same thousand links
		"shapes":  "linkscut",         // nowhere else does a page have more than 65,536 links
		"seeds":   "seedscut",         // or a crawl more than 256 seeds
		"collide": "idfloat",          // or a site ids above 2^24
		"options": "hintasbudget",     // or MaxPages 2 meet 64 workers and a size hint of 1
		"width":   "workers512",       // or a crawl more than 512 workers
		"slow":    "pagetimeout",      // or a page take more than an hour
		"limit":   "limitednarrow",    // or a limiter let more than 32 fetches be in flight
		"refusal": "refusalretried",   // or a limiter refuse once and grant thereafter
		"cancel":  "cutlooksatfetch",  // or a fetch outlast the end of its context
		"errors":  "eofends",          // or an error wrap io.EOF
		"again":   "remembersresult",  // or two crawls see the same Web
		"panic":   "swallowspanics",   // or Fetch panic
		"bare":    "allowpolls",       // or a *rate.Limiter be given as it is
		"many":    "keepspages",       // or a process outlive many crawls
		"memory":  "queuesduplicates", // or anybody look at the heap
	}
}

// finders are the checks in an order in which most mutants are found soon.
func finders() []string {
	list := []string{"options", "cancel", "collide", "errors", "slow", "limit", "width", "refusal", "seeds", "again"}
	for _, c := range conform.Checks() {
		if !slices.Contains(list, c.Name) {
			list = append(list, c.Name)
		}
	}
	return list
}

// Every broken crawler is found. One that the schedule hides is given more chances; how many it takes is in the README.
func TestSuiteFindsEveryMutant(t *testing.T) {
	if testing.Short() {
		t.Log("without -short only")
		return
	}
	var alive []crawl.Crawler
	for _, m := range mutant.All() {
		alive = append(alive, m.Crawler)
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

// There is no check that the others could do without.
func TestEachCheckIsNeeded(t *testing.T) {
	if testing.Short() {
		t.Log("without -short only")
		return
	}
	for _, c := range conform.Checks() {
		name := sole()[c.Name]
		list := slices.DeleteFunc(mutant.Crawlers(), func(c crawl.Crawler) bool { return c.Name != name })
		if len(list) == 0 {
			t.Errorf("%s has no mutant that only it finds: write one and name it in sole, or remove the check", c.Name)
			continue
		}
		verdicts := run(t, list, "id")
		for try := 0; c.Name == "storm" && try < 20 && len(conform.Survivors(verdicts)) > 0; try++ {
			verdicts = append(verdicts, runChecks(t, list, []string{c.Name}, "id")...)
		}
		var by []string
		for _, v := range verdicts {
			if !v.Kind.OK() && !slices.Contains(by, v.Check) {
				by = append(by, v.Check)
			}
		}
		if !slices.Equal(by, []string{c.Name}) {
			t.Errorf("%s is found by %v, want by %s only", name, by, c.Name)
		}
	}
}

// The matrix of all mutants and checks is written into the README on demand: it takes minutes.
func TestWriteReadme(t *testing.T) {
	if os.Getenv("CRAWLBENCH_GOLDEN") != "write" {
		t.Skip("only with CRAWLBENCH_GOLDEN=write")
	}
	verdicts := run(t, mutant.Crawlers(), "id")
	for try := 0; try < 10 && len(conform.Survivors(verdicts)) > len(mutant.Controls()); try++ {
		alive := slices.DeleteFunc(mutant.Crawlers(),
			func(c crawl.Crawler) bool { return !slices.Contains(conform.Survivors(verdicts), c.Name) })
		verdicts = append(verdicts, runChecks(t, alive, []string{"storm"}, "id")...)
	}
	matrix := conform.Matrix(append(verdicts, raced(t)...))
	if err := os.WriteFile("README.md", []byte(readme(matrix, rates(t, verdicts))), 0o666); err != nil {
		t.Fatal(err)
	}
}

// rates runs the storm again and again over those that it finds and no check in virtual time does,
// and says how often it
// finds them.
func rates(t *testing.T, verdicts []conform.Result) string {
	const runs = 5
	lucky := slices.DeleteFunc(mutant.Crawlers(), func(c crawl.Crawler) bool {
		storm, other := false, false
		for _, v := range verdicts {
			if v.Crawler == c.Name && !v.Kind.OK() {
				storm = storm || v.Check == "storm"
				// whatever the schedule
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
	return fmt.Sprintf("found by each of %d runs: %s\n%s", runs, strings.Join(always, ", "), conform.Rates(list))
}

// raced returns, as the verdicts of a check that is called -race, which mutants a program built with the race detector
// reports in a storm.
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

// The README names every check and every mutant there is.
func TestReadmeIsUpToDate(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range conform.Checks() {
		if !strings.Contains(string(text), fmt.Sprintf("| %s | %s |", c.Name, c.Doc)) {
			t.Errorf("no check %s: write it anew with CRAWLBENCH_GOLDEN=write go test ./internal/conform", c.Name)
		}
	}
	for _, m := range mutant.All() {
		if !strings.Contains(string(text), fmt.Sprintf("| %s | %s | %s |", m.Name, m.Doc, m.Case)) {
			t.Errorf("no mutant %s: write it anew with CRAWLBENCH_GOLDEN=write go test ./internal/conform", m.Name)
		}
	}
}

func readme(matrix, rates string) string {
	var b strings.Builder
	b.WriteString("# The conformance suite, and what shows that it bites\n\n" +
		"`crawlbench conform` takes crawlers through these checks, each in a process of its own; `bench.Conform` does so in a\n" +
		"test of your own crawler. A check passes only by its own final record, and whatever belongs to the whole process must be\n" +
		"as before at its end: GOMAXPROCS, the collector's settings, environment, working directory, open and temporary files, loggers, profiles, child processes.\n" +
		"Every crawl is compared with the sequential oracle. A page may be fetched only after a link to it was handed out, and\n" +
		"links and seeds must be as they were. What is not the crawler's fault is advice, and the exit code stays 0.\n\n| check | the crawler must |\n|---|---|\n")
	for _, c := range conform.Checks() {
		fmt.Fprintf(&b, "| %s | %s |\n", c.Name, c.Doc)
	}
	b.WriteString("\nThese crawlers are right, in ways of their own, and pass.\n\n| control | what is unusual |\n|---|---|\n")
	for _, c := range mutant.Controls() {
		fmt.Fprintf(&b, "| %s | %s |\n", c.Name, c.Doc)
	}
	b.WriteString("\nThese are broken on purpose, each a few lines away from a right one.\n\n| mutant | what is wrong | seen in |\n|---|---|---|\n")
	for _, m := range mutant.All() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m.Name, m.Doc, m.Case)
	}
	b.WriteString("\nEach is found by at least one check. This is what `crawlbench conform -mutants` printed once.\n\n")
	for line := range strings.Lines(matrix) {
		b.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
	}
	b.WriteString("\nWhat depends on the schedule is found by luck, and more often in a longer storm. `crawlbench conform -mutants -checks storm\n" +
		"-count 5` printed, on two cores:\n\n")
	for line := range strings.Lines(rates) {
		b.WriteString("    " + line)
	}
	b.WriteString("\nThe last column is what the race detector says of a storm, in a program built with -race. It sees accesses that no lock\n" +
		"orders: a bare map, a bare counter. It sees nothing in `checkthenact`, `fastpath`, `loadthenstore`, `norecheck` and\n" +
		"`budgetloadthenadd`, since each of their accesses is behind a lock or in a sync.Map; what is wrong is that there are two.\n" +
		"Nor does it see a deadlock, a leak or a wrong rate. A green -race is evidence, not proof.\n\n" +
		"A race needs two goroutines between the same two statements. On one processor they hardly meet, which is why the suite asks\n" +
		"for two; `crawlbench conform -yield ./your/package` goes the other way: it builds the program again with a\n" +
		"runtime.Gosched before every second statement of that package, drawn from a seed, and tries many seeds on one processor\n" +
		"(`make stress` does so for the built-in crawlers, and shows for some mutants how often that finds them, and how often one\n" +
		"processor without it). A seed gives nearly the same schedule again, not exactly: the runtime has a say too. It also yields\n" +
		"between the load and the store of n++ and n += x, where n is not a local variable.\n")
	return b.String()
}
