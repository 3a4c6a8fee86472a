package crash

import (
	"os"
	"slices"
	"testing"
	"time"

	"crawlbench/bench/redis/fleet"
	"crawlbench/bench/redis/frontier"
)

// commandVerb is the first argument of this test's program when it is to be the command with the toys.
const commandVerb = "crash-toys"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case fleet.ChildVerb:
			os.Exit(fleet.Main(os.Stdin, os.Stdout, os.Stderr, slices.Concat(toyCrawlers(), frontier.Crawlers())))
		case commandVerb:
			os.Exit(Command{Frontiers: toys(), Serve: serveToys}.Main(os.Args[2:], os.Stdout, os.Stderr))
		}
	}
	os.Exit(m.Run())
}

// small are settings for crawls of half a second.
func small(t *testing.T) Config {
	c := Defaults()
	c.Graph.Pages, c.Latency, c.Dir = 600, 4*time.Millisecond, t.TempDir()
	c.Stall, c.Down = 4*toyLease, 100*time.Millisecond
	return c
}

// rounds runs rounds of a toy.
func rounds(t *testing.T, name string, kind Kind, n int) (list []Round) {
	t.Helper()
	command, err := fleet.Program()
	if err != nil {
		t.Fatal(err)
	}
	tester, err := newTester(t.Context(), small(t), command)
	if err != nil {
		t.Fatal(err)
	}
	all := toys()
	f := all[slices.IndexFunc(all, func(f Frontier) bool { return f.Name == name })]
	server, err := serveToys(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for i := range n {
		r, err := tester.round(t.Context(), f, kind, i, server)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", r)
		list = append(list, r)
	}
	if left, _ := os.ReadDir(tester.Dir); len(left) > 0 {
		t.Errorf("%v are left in the directory of the test", left)
	}
	return list
}

func TestLeasesSurvive(t *testing.T) {
	for _, kind := range []Kind{Process, Killed} {
		again := 0
		for _, r := range rounds(t, "lease", kind, 3) {
			if !r.Right() {
				t.Errorf("death of a %s, crawl %d: %+v, want nothing lost", kind, r.Number, r)
			}
			if (r.Victim < 0) == (kind == Process) {
				t.Errorf("death of a %s: the victim is process %d", kind, r.Victim)
			}
			if r.Restarted {
				again++
			}
		}
		if want := map[Kind]int{Process: 1}[kind]; again != want {
			t.Errorf("death of a %s: %d were started again, want %d of 3", kind, again, want)
		}
	}
}

// Which of the pages a process holds at its death is chance, so that one crawl may lose none.
func TestWithoutLeasesPagesAreLost(t *testing.T) {
	list := rounds(t, "pop", Process, 3)
	lost := 0
	for _, r := range list {
		lost += r.Lost
		if r.Lost > 0 && r.Ended {
			t.Errorf("crawl %d lost %d pages and ended: %+v, want it given up", r.Number, r.Lost, r)
		}
	}
	if lost == 0 {
		t.Errorf("nothing was lost: %+v", list)
	}
	if row := Rows(list, toys())[0]; row.Right() || !row.Kept() {
		t.Errorf("right %v, kept %v: want neither wrongly praised nor blamed for what it never promised",
			row.Right(), row.Kept())
	}
}

func TestBrokenFrontiersAreFound(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   Kind
		broken func(Round) bool
	}{
		{"early", Process, func(r Round) bool { return r.Early > 0 }},
		{"greedy", Process, func(r Round) bool { return r.Beyond > 0 }},
		{"fragile", Killed, func(r Round) bool { return len(r.Failed) > 0 && !r.Ended }},
	} {
		for _, r := range rounds(t, c.name, c.kind, 1) {
			if !c.broken(r) || r.Right() {
				t.Errorf("%s, death of a %s: its fault is not seen in %+v", c.name, c.kind, r)
			}
		}
	}
}
