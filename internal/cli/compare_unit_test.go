package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"crawlbench/internal/crawler"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// benchstat compares by the unit of our verdicts, which depends on how pages come.
func TestBenchstatComparesTheUnitOfTheVerdicts(t *testing.T) {
	for transport, want := range map[string]string{
		`"memory"`:         ".unit:sec/op /rate:inf",
		`"http"`:           ".unit:cpu-sec/op /rate:inf",
		`"memory", "http"`: "(.unit:sec/op -/transport:http OR .unit:cpu-sec/op /transport:http) /rate:inf",
	} {
		s, err := plan.Parse("x.toml", []byte("crawlers = [\"mutexmap\"]\nkeys = [\"url\"]\ntransport = ["+transport+
			"]\n[[graph]]\nname = \"g\"\nkind = \"hosts\"\npages = 100\n"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.Make(s, crawler.All(), 2)
		if err != nil {
			t.Fatal(err)
		}
		run, err := store.Create(filepath.Join(t.TempDir(), "run"), store.Manifest{}, p)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(filter(run, ""), " "); got != "-filter "+want {
			t.Errorf("%s: %s, want -filter %s", transport, got, want)
		}
		run.Close()
	}
}
