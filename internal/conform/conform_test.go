package conform_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/conform"
	"crawlbench/internal/contender"
	"crawlbench/internal/crawl"
	"crawlbench/internal/mutant"
)

// TestMain makes the test binary the child of the checks.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == conform.ChildVerb {
		conform.Child(os.Args[2:], append(contender.All(), broken()...))
	}
	os.Exit(m.Run())
}

// broken returns the mutants, behind the crawler that they were made from.
func broken() []crawl.Contender {
	list := []crawl.Contender{mutant.Right()}
	for _, m := range mutant.All() {
		list = append(list, m.Contender)
	}
	return list
}

func run(t *testing.T, contenders []crawl.Contender, keys ...string) []conform.Verdict {
	return runChecks(t, contenders, nil, keys...)
}

func runChecks(t *testing.T, contenders []crawl.Contender, checks []string, keys ...string) []conform.Verdict {
	return conform.Suite{Contenders: contenders, Keys: keys, Checks: checks, Command: func(contender, keys, check string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0], conform.ChildVerb, contender, keys, check)
		cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
		return cmd
	}}.Run(t.Context())
}

func TestBuiltInContendersConform(t *testing.T) {
	list := contender.All()
	if testing.Short() { // one of each kind
		list = slices.DeleteFunc(list, func(c crawl.Contender) bool { return !slices.Contains([]string{"cas", "owner", "level"}, c.Name) })
	}
	verdicts := run(t, list, "id", "url")
	if want := len(list) * 2 * len(conform.Checks()); len(verdicts) != want {
		t.Errorf("%d verdicts, want %d", len(verdicts), want)
	}
	for _, v := range verdicts {
		if v.Kind != conform.Pass {
			t.Errorf("%s by %s, %s: %s: %s", v.Contender, v.Keys, v.Check, v.Kind, v.Text)
		}
	}
}

// Every broken crawler is found, the right one is not, and there is no check that the others could do without.
func TestSuiteBites(t *testing.T) {
	if testing.Short() {
		t.Log("the matrix of all mutants is made without -short only")
		return
	}
	verdicts := run(t, broken(), "id")
	if alive := conform.Survivors(verdicts); !slices.Equal(alive, []string{mutant.Right().Name}) {
		t.Errorf("these pass every check: %v", alive)
	}
	sole := conform.SoleKillers(verdicts)
	for _, c := range conform.Checks() {
		if len(sole[c.Name]) == 0 {
			t.Errorf("%s is the only check to find no mutant: write one that only it finds, or remove it", c.Name)
		}
	}
	matrix := conform.Matrix(verdicts)
	if os.Getenv("CRAWLBENCH_GOLDEN") == "write" {
		matrix = conform.Matrix(append(verdicts, raced(t)...))
		if err := os.WriteFile("README.md", []byte(readme(matrix)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if t.Failed() {
		t.Log("\n" + matrix)
	}
}

// raced returns, as the verdicts of a check that is called -race, which mutants a program built with the race detector
// reports in a storm.
func raced(t *testing.T) []conform.Verdict {
	exe := filepath.Join(t.TempDir(), "raced")
	if out, err := exec.Command("go", "build", "-race", "-o", exe, "crawlbench/bench/cmd/crawlbench").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	list := conform.Suite{Contenders: broken(), Keys: []string{"id"}, Checks: []string{"storm"}, Command: func(contender, keys, check string) *exec.Cmd {
		return exec.CommandContext(t.Context(), exe, conform.ChildVerb, contender, keys, check)
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

func readme(matrix string) string {
	var b strings.Builder
	b.WriteString("# The conformance suite, and what shows that it bites\n\n" +
		"`crawlbench conform` takes contenders through these checks, each in a process of its own. `bench.Conform` does so in a\n" +
		"test of your own crawler.\n\n| check | the crawler must |\n|---|---|\n")
	for _, c := range conform.Checks() {
		fmt.Fprintf(&b, "| %s | %s |\n", c.Name, c.Doc)
	}
	b.WriteString("\nThese crawlers are broken on purpose, each a few lines away from a right one.\n\n| mutant | what is wrong | seen in |\n|---|---|---|\n")
	for _, m := range mutant.All() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m.Name, m.Doc, m.Case)
	}
	b.WriteString("\nEach is found by at least one check. This is what `crawlbench conform -mutants` printed once; which of several checks catch\na race differs from run to run.\n\n")
	for line := range strings.Lines(matrix) {
		b.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
	}
	b.WriteString("\nThe last column is what the race detector says of a storm, in a program built with -race. It sees accesses that no lock\n" +
		"orders: a bare map, a bare counter. It sees nothing in `checkthenact`, `fastpath`, `loadthenstore`, `norecheck` and\n" +
		"`budgetloadthenadd`, since each of their accesses is behind a lock or in a sync.Map; what is wrong is that there are two.\n" +
		"Nor does it see a deadlock, a leak or a wrong rate. A green -race is evidence, not proof.\n\n" +
		"A race needs two goroutines between the same two statements. On one processor they hardly meet, which is why the suite asks\n" +
		"for two; `crawlbench conform -yield ./your/package` goes the other way: it builds the program again with a\n" +
		"runtime.Gosched before every second statement of that package, drawn from a seed, and tries many seeds on one processor\n" +
		"(`make stress` does so for the built-in crawlers, and shows for some mutants how often that finds them, and how often one\n" +
		"processor without it). A seed gives nearly the same schedule again, not exactly: the runtime has a say too. It cannot\n" +
		"split one statement, such as n++: that is for -race.\n")
	return b.String()
}
