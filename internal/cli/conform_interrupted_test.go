package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"crawlbench/internal/conform"
)

// An interrupt says nothing about a crawler, so a check that it ended is not a failure of the crawler.
func TestInterruptedChecksAreNoFailures(t *testing.T) {
	t.Chdir(t.TempDir())
	results := []conform.Result{
		{Crawler: "mine", Keys: "id", Check: "storm", Kind: conform.Pass},
		{Crawler: "mine", Keys: "id", Check: "shapes", Kind: conform.Fail, Text: "page 7 was missed"},
		{Crawler: "mine", Keys: "id", Check: "seeds", Kind: conform.Unfinished},
	}
	for _, mutants := range []bool{false, true} {
		var out bytes.Buffer
		a := &app{out: &out, raw: &out}
		err := a.unfinished(results, mutants)
		if e, ok := errors.AsType[exitError](err); !ok || e.code != exitInterrupted ||
			e.Error() != "conform: interrupted after 2 of 3 checks: the others say nothing" {
			t.Errorf("mutants %v: %v", mutants, err)
		}
		text := out.String()
		if found := strings.Contains(text, "mine by id, shapes: fail: page 7 was missed"); found == mutants ||
			strings.Contains(text, "seeds") || !mutants && !strings.Contains(text, "1 of 3 checks passed") {
			t.Errorf("mutants %v:\n%s", mutants, text)
		}
	}
}
