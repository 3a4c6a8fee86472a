package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
)

// slowable is a crawler that the environment can make slow.
func slowable(f crawl.Func[uint32]) crawl.Contender {
	return crawl.Contender{Name: "slowable", ByID: func(ctx context.Context, web crawl.Web[uint32], seeds []uint32, o crawl.Options) (crawl.Result, error) {
		if os.Getenv("CRAWLBENCH_TEST_SLOW") != "" {
			time.Sleep(5 * time.Millisecond) // a crawl takes a fraction of a millisecond
		}
		return f(ctx, web, seeds, o)
	}}
}

const gated = `
control    = false
contenders = ["slowable"]
workers    = [1, 2]
rounds     = 8
sample     = "2ms"
[[graph]]
name  = "g"
kind  = "hosts"
pages = 300
`

func measured(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := call(t, append([]string{"run", "-progress", "none"}, args...)...)
	if code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, out, errs)
	}
	dir, err := filepath.EvalSymlinks("results/latest")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestGateFindsARegressionAndNothingElse(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	before := measured(t, "gated.toml")
	t.Setenv("CRAWLBENCH_TEST_SLOW", "1")
	after := measured(t, "gated.toml")

	code, out, errs := call(t, "compare", before, after, "-gate", "5%")
	if code != exitRegression || strings.Count(out, "REGRESSION") != 2 || !strings.Contains(errs, "slower by more than 5%: impl=slowable") {
		t.Errorf("exit code %d\n%s\n%s", code, out, errs)
	}
	// The other way round it is faster; and against itself nothing has changed.
	if code, out, _ := call(t, "compare", after, before, "-gate", "5%"); code != 0 || strings.Count(out, "faster") != 2 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if code, out, _ := call(t, "compare", before, before, "-gate", "0%"); code != 0 || strings.Contains(out, "slower") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	// A gate that is wide enough lets it through.
	if code, _, _ := call(t, "compare", before, after, "-gate", "99900%"); code != 0 {
		t.Errorf("a gate of 99900 %%: exit code %d", code)
	}
	code, out, _ = call(t, "compare", before, after, "-gate", "5%", "-format", "json")
	var list []struct {
		Cell       string
		Regression bool
	}
	if err := json.Unmarshal([]byte(out), &list); code != exitRegression || err != nil || len(list) != 2 || !list[0].Regression {
		t.Errorf("exit code %d, %v\n%s", code, err, out)
	}
	if code, out, _ := call(t, "compare", before, after, "-format", "markdown"); code != 0 || !strings.HasPrefix(out, "\n| cell | before | after |") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestOnlyTheSamePlanCanBeGated(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	one := measured(t, "gated.toml")
	other := measured(t, "-workers", "1", "gated.toml")
	if code, _, errs := call(t, "compare", one, other, "-gate", "5%"); code != exitNotComparable || !strings.Contains(errs, "want two runs of the same scenario") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

// The other program is this one; the environment makes both as slow.
func TestAgainstAnotherProgram(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "gated.toml", gated)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("CRAWLBENCH_TEST_SLOW", "1") // five milliseconds of sleep hardly vary
	code, out, errs := call(t, "run", "-progress", "none", "-against", exe, "-gate", "50%", "gated.toml")
	if code != 0 || !strings.Contains(out, "against "+exe) || !strings.Contains(out, "2 cells, p corrected for their number; 0 regressions by more than 50 %") {
		t.Fatalf("exit code %d\n%s\n%s", code, out, errs)
	}
	if code, again, _ := call(t, "report"); code != 0 || !strings.Contains(again, "paired by round:") {
		t.Errorf("report: exit code %d\n%s", code, again)
	}
	if code, _, errs := call(t, "run", "-against", "./nothing", "gated.toml"); code != exitFailure || !strings.Contains(errs, "want the path of another build") {
		t.Errorf("no such program: exit code %d\n%s", code, errs)
	}
	for _, args := range [][]string{{"run", "-gate", "5%", "gated.toml"}, {"compare", "a", "b", "-gate", "five"}, {"compare", "-gate", "5%"}, {"compare", "a", "b", "-format", "xml"}} {
		if code, _, errs := call(t, args...); code != exitUsage {
			t.Errorf("%q: exit code %d\n%s", args, code, errs)
		}
	}
}
