package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/plan"
)

// shardOf returns the manifest of a shard whose machine has the name m followed by its number.
func shardOf(index, of, attempt int) Manifest {
	name := fmt.Sprintf("m%d", index)
	return Manifest{Scenario: "test", Seed: 7, Host: map[string]string{"os": "linux", "cpu": "x", "kernel": name},
		Go: "go1.26", Started: time.Unix(int64(1000*index), 0).UTC(), Ended: time.Unix(int64(2000*index), 0).UTC(),
		Command: []string{"crawlbench", name}, Sums: Sums{Program: "abc"},
		Graphs:   []GraphInfo{{Name: "g", SHA256: "0123", Digest: "45"}},
		Shard:    &Shard{Run: "r", Index: index, Of: of, Attempt: attempt},
		Machines: []Machine{{Name: name, ID: "id" + name}}}
}

// newShard writes a complete shard, with the sample of every round and the profiles that belong to it, and opens it for
// reading. change, if not nil, changes the manifest.
func newShard(t *testing.T, m Manifest, p *plan.Plan, change func(*Manifest)) *Run {
	t.Helper()
	if change != nil {
		change(&m)
	}
	dir := filepath.Join(t.TempDir(), m.Shard.Dir())
	r, err := Create(dir, m, p)
	if err != nil {
		t.Fatal(err)
	}
	slots, passes := r.Pending()
	for _, s := range slots {
		if err := r.Append(sampleOf(p, s)); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range passes {
		rec := profileOf(p, i)
		for _, file := range rec.Profile.Files {
			if err := r.WriteFile(file, []byte("profile of "+rec.Cell)); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	err = r.Update(func(m *Manifest) { m.State = Complete })
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

func open(t *testing.T, dir string) *Run {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// newShards writes all shards of a run.
func newShards(t *testing.T, of int, p *plan.Plan) (list []*Run) {
	t.Helper()
	for i := range of {
		list = append(list, newShard(t, shardOf(i+1, of, 1), p, nil))
	}
	return list
}

// Every slot and every profile pass belongs to one shard, whole rounds at a time, and each shard says how much it has.
func TestShardsDivideAPlan(t *testing.T) {
	for _, rounds := range []int{1, 2, 5, 12} {
		for of := 1; of <= 13; of++ {
			p := testPlan(rounds)
			taken, passes := map[plan.Slot]int{}, 0
			for i := range of {
				g := NewProgress(p).Of(&Shard{Run: "r", Index: i + 1, Of: of, Attempt: 1})
				slots, its := g.Pending()
				if g.Planned() != len(slots) || len(slots)%len(p.Cells) != 0 {
					t.Errorf("shard %d/%d of %d rounds: %d samples planned, %d pending", i+1, of, rounds, g.Planned(), len(slots))
				}
				for _, s := range slots {
					taken[s]++
				}
				passes += len(its)
			}
			if len(taken) != len(p.Schedule) || passes != len(p.Passes) {
				t.Errorf("%d shards of %d rounds: %d of %d samples, %d of %d passes", of, rounds, len(taken), len(p.Schedule),
					passes, len(p.Passes))
			}
			for s, n := range taken {
				if n > 1 {
					t.Errorf("%d shards of %d rounds: %+v belongs to %d of them", of, rounds, s, n)
				}
			}
		}
	}
}

// A shard accepts only records of its own rounds, and adds its machine to them.
func TestShardRefusesOtherRounds(t *testing.T) {
	p := testPlan(4)
	r, err := Create(filepath.Join(t.TempDir(), "r"), shardOf(2, 2, 1), p)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Append(sampleOf(p, p.Schedule[0]))
	if err == nil || !strings.Contains(err.Error(), "does not belong to shard 2/2") {
		t.Errorf("a record of round 1: %v, want an error that names the shard", err)
	}
	if err := r.Append(profileOf(p, 0)); err == nil {
		t.Error("a profile: want an error, as shard 1 takes them")
	}
	if err := r.Append(sampleOf(p, p.Schedule[len(p.Cells)])); err != nil || r.Records()[0].Machine != "m2" {
		t.Errorf("a record of round 2: %v, machine %q: want m2", err, r.Records()[0].Machine)
	}
	for _, m := range []func(*Manifest){
		func(m *Manifest) { m.Shard.Index = 3 }, func(m *Manifest) { m.Shard.Index = 0 },
		func(m *Manifest) { m.Shard.Of = 0 }, func(m *Manifest) { m.Shard.Attempt = 0 },
		func(m *Manifest) { m.Shard.Run = "../x" }, func(m *Manifest) { m.Machines = nil },
		func(m *Manifest) { m.Machines[0].Name = "a b" }, func(m *Manifest) { m.Machines[0].ID = "" },
	} {
		bad := shardOf(2, 2, 1)
		m(&bad)
		if _, err := Create(filepath.Join(t.TempDir(), "r"), bad, p); err == nil {
			t.Errorf("shard %+v on %+v: want an error", bad.Shard, bad.Machines)
		}
	}
}

// Merged shards equal a run that was measured at once: the same plan, and a journal that differs only in the machines.
func TestMergedShardsAreTheRunDoneAtOnce(t *testing.T) {
	p := testPlan(7)
	m := shardOf(1, 1, 1)
	m.Shard, m.Machines = nil, nil
	whole, err := Create(filepath.Join(t.TempDir(), "whole"), m, p)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	for _, s := range p.Schedule {
		if err := whole.Append(sampleOf(p, s)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range p.Passes {
		if err := whole.Append(profileOf(p, i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, of := range []int{1, 2, 3, 7} {
		merged, err := Merge(filepath.Join(t.TempDir(), "merged"), []string{"merge"}, newShards(t, of, p))
		if err != nil {
			t.Fatal(err)
		}
		defer merged.Close()
		if a, b := read1(t, whole, planFile), read1(t, merged, planFile); a != b {
			t.Errorf("%d shards: the plans differ", of)
		}
		records := slices.Clone(merged.Records())
		for i := range records {
			if want := fmt.Sprintf("m%d", max(0, records[i].Round)%of+1); records[i].Machine != want {
				t.Errorf("%d shards: round %d is of machine %q, want %q", of, records[i].Round, records[i].Machine, want)
			}
			records[i].Machine = ""
		}
		if !reflect.DeepEqual(records, whole.Records()) {
			t.Errorf("%d shards: the merged journal is\n%+v\nwant\n%+v", of, records, whole.Records())
		}
		for _, rec := range records {
			if rec.Profile != nil && read1(t, merged, rec.Profile.Files["cpu"]) != "profile of "+rec.Cell {
				t.Errorf("%d shards: the profile of %s was not copied", of, rec.Cell)
			}
		}
		if slots, passes := merged.Pending(); len(slots)+len(passes) > 0 {
			t.Errorf("%d shards: %d slots and %d passes are pending", of, len(slots), len(passes))
		}
		got := merged.Manifest()
		if got.Shard != nil || len(got.Machines) != of || len(got.Parts) != of ||
			got.Parts[of-1].Command[1] != fmt.Sprint("m", of) ||
			got.Started != m.Started || got.Ended != time.Unix(int64(2000*of), 0).UTC() {
			t.Errorf("%d shards: manifest %+v", of, got)
		}
		if kernel := got.Host["kernel"]; (kernel != "") != (of == 1) || got.Host["cpu"] != "x" {
			t.Errorf("%d shards: the host is %v, want what all machines have in common", of, got.Host)
		}
		again := open(t, merged.Dir())
		if len(again.Warnings) > 0 || again.Several() != (of > 1) {
			t.Errorf("%d shards, read again: %v, several machines: %v", of, again.Warnings, again.Several())
		}
	}
}

func read1(t *testing.T, r *Run, name string) string {
	t.Helper()
	text, err := r.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Shards that one machine measured count as one machine, whatever it was called.
func TestOneMachineIsOneMachine(t *testing.T) {
	p := testPlan(4)
	a := newShard(t, shardOf(1, 2, 1), p, nil)
	b := newShard(t, shardOf(2, 2, 1), p, func(m *Manifest) { m.Machines[0].ID = "idm1" })
	merged, err := Merge(filepath.Join(t.TempDir(), "merged"), nil, []*Run{a, b})
	if err != nil {
		t.Fatal(err)
	}
	defer merged.Close()
	if list := merged.Manifest().Machines; len(list) != 1 || !slices.Equal(list[0].Shards, []int{1, 2}) {
		t.Errorf("machines %+v: want one, with two shards", list)
	}
	// Two machines with the same name are two machines.
	c := newShard(t, shardOf(2, 2, 1), p, func(m *Manifest) { m.Machines[0].Name = "m1" })
	two, err := Merge(filepath.Join(t.TempDir(), "two"), nil, []*Run{a, c})
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	if list := two.Manifest().Machines; len(list) != 2 || list[0].Name == list[1].Name {
		t.Errorf("machines %+v: want two, with different names", list)
	}
}

// On has the rounds of one machine, and the failures of all.
func TestOnOneMachine(t *testing.T) {
	p := testPlan(4)
	shards := newShards(t, 2, p)
	merged, err := Merge(filepath.Join(t.TempDir(), "merged"), nil, shards)
	if err != nil {
		t.Fatal(err)
	}
	defer merged.Close()
	part, err := merged.On("m2")
	if err != nil {
		t.Fatal(err)
	}
	if got := part.Rounds(); !slices.Equal(got, []int{1, 3}) || part.Manifest().Host["kernel"] != "m2" ||
		part.Several() {
		t.Errorf("rounds %v on %v: want 1 and 3 on m2", got, part.Manifest().Host)
	}
	if _, err := merged.On("m3"); err == nil {
		t.Error("a machine that the run does not have: want an error")
	}
}

// A journal with a round on two machines is refused.
func TestARoundIsOfOneMachine(t *testing.T) {
	p := testPlan(2)
	m := shardOf(1, 1, 1)
	m.Shard, m.Machines = nil, append(m.Machines, Machine{Name: "other", ID: "other"})
	r, err := Create(filepath.Join(t.TempDir(), "r"), m, p)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	first, second := sampleOf(p, p.Schedule[0]), sampleOf(p, p.Schedule[1])
	first.Machine, second.Machine = "m1", "other"
	if err := r.Append(first); err != nil {
		t.Fatal(err)
	}
	if err := r.Append(second); err == nil || !strings.Contains(err.Error(), "want one machine for a round") {
		t.Errorf("a round on two machines: %v", err)
	}
	if second.Machine = "nobody"; r.Append(second) == nil {
		t.Error("a machine that the run does not have: want an error")
	}
	if second.Machine = ""; r.Append(second) == nil {
		t.Error("no machine: want an error")
	}
}

func TestAttempts(t *testing.T) {
	p := testPlan(4)
	first, second := newShard(t, shardOf(1, 2, 1), p, nil), newShard(t, shardOf(2, 2, 1), p, nil)
	again := newShard(t, shardOf(2, 2, 2), p, nil)
	// In another directory, an attempt can have the same number: the one that ended first counts.
	early := newShard(t, shardOf(2, 2, 1), p, func(m *Manifest) { m.Ended = time.Unix(1, 0).UTC() })
	torn := newShard(t, shardOf(2, 2, 1), p, nil)
	os.Truncate(filepath.Join(torn.Dir(), journalFile), 10)
	torn = open(t, torn.Dir())
	killed := newShard(t, shardOf(2, 2, 1), p, nil)
	writeManifestOf(t, killed, func(m *Manifest) { m.State = Running })
	killed = open(t, killed.Dir())

	chosen, left, err := Attempts([]*Run{again, torn, first, second, killed})
	if err != nil || !slices.Equal(chosen, []*Run{first, second}) || len(left) != 3 {
		t.Errorf("chosen %v, left out %v, %v", chosen, left, err)
	}
	text := fmt.Sprint(left)
	for _, want := range []string{
		again.Dir() + " (shard 2/2, attempt 2): " + second.Dir() + ", attempt 1, is complete too",
		killed.Dir() + " (shard 2/2, attempt 1): it is interrupted", torn.Dir()} {
		if !strings.Contains(text, want) {
			t.Errorf("left out: %s\nwant %q", text, want)
		}
	}
	if chosen, _, err := Attempts([]*Run{first, again, second, early}); err != nil || chosen[1] != early {
		t.Errorf("of two with the same number: %v, %v: want the one that ended first", chosen, err)
	}
	other := newShard(t, shardOf(2, 2, 1), p, func(m *Manifest) { m.Shard.Run = "q" })
	four := newShard(t, shardOf(3, 4, 1), p, nil)
	plain := newRun(t, p)
	for _, x := range []struct {
		runs []*Run
		want []string
	}{
		{[]*Run{first}, []string{"no complete attempt of shard 2 of 2", "-shard 2/2 -run r"}},
		{[]*Run{four}, []string{"no complete attempt of shards 1, 2 and 4 of 4"}},
		{[]*Run{first, killed}, []string{"no complete attempt of shard 2 of 2", killed.Dir(), "it is interrupted"}},
		{[]*Run{first, other}, []string{"run r in 2 shards in " + first.Dir(), "run q in 2 shards in " + other.Dir()}},
		{[]*Run{first, four}, []string{"run r in 2 shards", "run r in 4 shards"}},
		{[]*Run{first, plain}, []string{plain.Dir() + " is not a shard"}},
		{nil, []string{"no shards"}},
	} {
		_, _, err := Attempts(x.runs)
		for _, want := range x.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %v, want %q", x.runs, err, want)
			}
		}
	}
}

// An attempt of which a file is gone, or is none, does not count, and does not end a merge for which there is another.
func TestAttemptsWithoutTheirFiles(t *testing.T) {
	p := testPlan(2)
	second := newShard(t, shardOf(2, 2, 1), p, nil)
	whole := newShard(t, shardOf(1, 2, 2), p, nil)
	for what, spoil := range map[string]func(file string) error{
		"missing": os.Remove,
		"a directory": func(file string) error {
			return errors.Join(os.Remove(file), os.Mkdir(file, 0o777))
		},
		"a link": func(file string) error {
			return errors.Join(os.Rename(file, file+"2"), os.Symlink(file+"2", file))
		},
	} {
		first := newShard(t, shardOf(1, 2, 1), p, nil)
		var file string
		for _, rec := range first.Records() {
			if rec.Profile != nil {
				file = filepath.Join(first.Dir(), rec.Profile.Files["cpu"])
			}
		}
		if err := spoil(file); err != nil {
			t.Fatal(err)
		}
		chosen, left, err := Attempts([]*Run{first, second, whole})
		if err != nil || chosen[0] != whole || !strings.Contains(fmt.Sprint(left), "a file of it cannot be read: ") {
			t.Errorf("%s: chosen %v, left out %v, %v", what, chosen, left, err)
		}
		if _, _, err := Attempts([]*Run{first, second}); err == nil || !strings.Contains(err.Error(), "cpu.pb.gz") {
			t.Errorf("%s, and no other attempt: %v, want the name of the file", what, err)
		}
	}
}

// writeManifestOf changes the manifest of a run on disk, with its sum.
func writeManifestOf(t *testing.T, r *Run, change func(*Manifest)) {
	t.Helper()
	m := r.manifest
	change(&m)
	text, err := encodeManifest(m)
	if err == nil {
		err = os.WriteFile(filepath.Join(r.dir, manifestFile), text, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Every difference except that of the machines is listed, with the directories.
func TestAgree(t *testing.T) {
	p := testPlan(6)
	base := newShard(t, shardOf(1, 3, 1), p, nil)
	like := newShard(t, shardOf(3, 3, 1), p, nil)
	if err := Agree([]*Run{base, newShard(t, shardOf(2, 3, 1), p, nil), like}); err != nil {
		t.Errorf("shards that agree: %v", err)
	}
	procs, rounds := testPlan(6), testPlan(7)
	for i := range procs.Cells {
		procs.Cells[i].Procs = 4
	}
	for name, x := range map[string]struct {
		plan   *plan.Plan
		change func(*Manifest)
		want   string
	}{
		"program":     {p, func(m *Manifest) { m.Sums.Program = "def" }, "crawlbench (SHA-256): abc in "},
		"other":       {p, func(m *Manifest) { m.Sums.Against = "def" }, "program of -against (SHA-256): none in "},
		"Go":          {p, func(m *Manifest) { m.Go = "go1.27" }, "Go: go1.26 in "},
		"server":      {p, func(m *Manifest) { m.Server = "redis-server 7.0.15" }, "server of fleets: none in "},
		"system":      {p, func(m *Manifest) { m.Host["os"] = "freebsd" }, "system: linux/ in "},
		"scenario":    {p, func(m *Manifest) { m.ScenarioText = "x" }, "scenario (SHA-256): "},
		"seed":        {p, func(m *Manifest) { m.Seed = 8 }, "seed: 7 in "},
		"environment": {p, func(m *Manifest) { m.Environment = map[string]string{"GOGC": "50"} }, "GOGC: 100 in "},
		"graph": {p, func(m *Manifest) { m.Graphs = []GraphInfo{{Name: "g", SHA256: "9"}} },
			"graph g (digest): 0123 in "},
		"GOMAXPROCS": {procs, nil, "GOMAXPROCS of the cells: 2 in "},
		"rounds":     {rounds, nil, "rounds: 6 in "},
		"plan":       {rounds, nil, "plan (SHA-256): "},
	} {
		odd := newShard(t, shardOf(2, 3, 1), x.plan, x.change)
		err := Agree([]*Run{base, odd, like})
		if !errors.Is(err, ErrDisagree) || !strings.Contains(err.Error(), x.want) ||
			!strings.Contains(err.Error(), base.Dir()+", "+like.Dir()) ||
			!strings.Contains(err.Error(), " in "+odd.Dir()) {
			t.Errorf("%s differs: %v, want %q", name, err, x.want)
		}
	}
}
