package crash

import (
	"slices"
	"testing"

	"crawlbench/bench/redis/fleet"
	"crawlbench/bench/redis/server"
	"crawlbench/bench/redis/server/servertest"
)

// real runs rounds of a crawler of package frontier over a real server.
func real(t *testing.T, name string, kind Kind, n int) Row {
	t.Helper()
	servertest.Start(t, server.Options{}) // skips the test if none is installed
	command, err := fleet.Program()
	if err != nil {
		t.Fatal(err)
	}
	c := Defaults()
	c.Graph.Pages, c.Dir, c.Stall = 1500, t.TempDir(), 6*lease
	tester, err := newTester(t.Context(), c, command)
	if err != nil {
		t.Fatal(err)
	}
	all := Frontiers()
	f := all[slices.IndexFunc(all, func(f Frontier) bool { return f.Crawler.Name == name })]
	var rounds []Round
	err = Command{Serve: Serve}.series(t.Context(), tester, f, kind, n, func(r Round, _ string) error {
		t.Logf("%+v", r)
		rounds = append(rounds, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return Rows(rounds, all)[0]
}

func TestFrontiersWithLeasesSurviveADeath(t *testing.T) {
	for _, name := range []string{"redislease", "redisshards"} {
		if row := real(t, name, Process, 3); !row.Right() {
			t.Errorf("%+v, want that three deaths of a process cost nothing", row)
		}
	}
}

func TestFrontierWithLeasesSurvivesItsServer(t *testing.T) {
	if row := real(t, "redislease", Killed, 1); !row.Right() {
		t.Errorf("%+v, want that a death of the server costs nothing", row)
	}
}

// The frontier without leases is the twin that must be found: it loses what a dead process has taken, and must not say
// that its crawl is complete.
func TestFrontierWithoutLeasesIsReported(t *testing.T) {
	row := real(t, "redislua", Process, 3)
	if row.Lost == 0 || row.Ended == row.Rounds || row.Right() || row.Loses == "" {
		t.Errorf("%+v, want pages lost, crawls that do not end, and a reason", row)
	}
}
