package store

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/plan"
)

// testPlan returns a plan of 3 cells, each with a profile pass.
func testPlan(rounds int) *plan.Plan {
	p := &plan.Plan{
		Scenario: "test",
		Seed:     7,
		Crawlers: []string{"a", "b", "c"},
		Graphs:   []plan.Graph{{Name: "g"}},
	}
	for i, impl := range p.Crawlers {
		p.Cells = append(p.Cells, plan.Cell{Impl: impl, Graph: "g", Keys: "id", Workers: 4, Procs: 2})
		p.Passes = append(p.Passes, plan.Pass{Cell: i, Kinds: []string{"cpu"}})
	}
	p.SetRounds(rounds)
	return p
}

// sampleOf returns a sample for a slot. Its values depend on the slot; no mutex wait is recorded.
func sampleOf(p *plan.Plan, s plan.Slot) Record {
	values := map[string]float64{}
	for i, unit := range Units() {
		values[unit] = float64(1+s.Cell) + float64(s.Round*s.Round%11)/10 + float64(i)/128
	}
	values["mutex-wait-sec/op"], values["pages/op"] = 0, 1000
	return Record{
		Kind: KindSample, Round: s.Round, Slot: s.Slot, Cell: p.Cells[s.Cell].ID(), Wall: 0.25,
		Start:  time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		Sample: &Sample{Crawls: 2, Seconds: []float64{0.1, 0.2}, Values: values},
	}
}

// profileOf returns the record of a profile pass.
func profileOf(p *plan.Plan, pass int) Record {
	return Record{
		Kind:  KindProfile,
		Round: -1,
		Slot:  pass,
		Cell:  p.Cells[p.Passes[pass].Cell].ID(),
		Profile: &Profile{
			Crawls: 1,
			Pages:  1000,
			Sec:    0.5,
			Files:  map[string]string{"cpu": "profiles/" + p.Cells[p.Passes[pass].Cell].ID() + "/cpu.pb.gz"},
		},
	}
}

// failureOf returns the failure of a slot.
func failureOf(p *plan.Plan, s plan.Slot) Record {
	rec := sampleOf(p, s)
	rec.Kind, rec.Sample, rec.Failure = KindFailure, nil, &Failure{Class: "panic", Message: "no such page"}
	return rec
}

// newRun creates a run in a new directory and appends records to it.
func newRun(t *testing.T, p *plan.Plan, records ...Record) *Run {
	t.Helper()
	r, err := Create(filepath.Join(t.TempDir(), "run"), Manifest{Scenario: "test", Seed: 7}, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	for _, rec := range records {
		if err := r.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// snapshot returns the files of a directory except the lock, whose content does not matter.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == lockFile {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}

// wantError fails unless err contains all words.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("error %v, want one with %q", err, w)
		}
	}
}

func TestReopenedRunIsTheSame(t *testing.T) {
	p := testPlan(2)
	want := []Record{
		sampleOf(p, p.Schedule[0]),
		failureOf(p, p.Schedule[1]),
		profileOf(p, 0),
		sampleOf(p, p.Schedule[2]),
	}
	r := newRun(t, p, want...)
	if err := r.Update(func(m *Manifest) { m.State, m.Spin = Interrupted, 1.5 }); err != nil {
		t.Fatal(err)
	}
	same := func(q *Run) {
		t.Helper()
		if !reflect.DeepEqual(q.Records(), want) {
			t.Errorf("records\n%+v, want\n%+v", q.Records(), want)
		}
		if !reflect.DeepEqual(q.Plan(), p) {
			t.Errorf("plan\n%+v, want\n%+v", q.Plan(), p)
		}
		got := q.Manifest()
		if got.Sums.Scenario != Sum(nil) || got.Sums.Journal.Count != len(want) {
			t.Errorf("sums %+v", got.Sums)
		}
		got.Sums = Sums{}
		m := Manifest{Schema: Schema, Run: "run", State: Interrupted, Scenario: "test", Seed: 7, Spin: 1.5}
		if !reflect.DeepEqual(got, m) {
			t.Errorf("manifest\n%+v, want\n%+v", got, m)
		}
		if q.Warnings != nil || q.Dir() != r.Dir() {
			t.Errorf("%s: warnings %q", q.Dir(), q.Warnings)
		}
	}
	same(r)
	q, err := Open(r.Dir()) // while r is open for writing
	if err != nil {
		t.Fatal(err)
	}
	same(q)
	r.Close()
	q, recovered, err := Resume(r.Dir())
	if err != nil || recovered != nil {
		t.Fatal(recovered, err)
	}
	defer q.Close()
	same(q)
}

func TestReaderCannotWrite(t *testing.T) {
	p := testPlan(1)
	r := newRun(t, p)
	before := snapshot(t, r.Dir())
	q, err := Open(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, q.Append(sampleOf(p, p.Schedule[0])), "reading only")
	wantError(t, q.Update(func(*Manifest) {}), "reading only")
	wantError(t, q.SetPlan(p), "reading only")
	if !maps.Equal(before, snapshot(t, r.Dir())) || len(q.Records()) != 0 {
		t.Error("a reader changed the run")
	}
}

func TestPendingIsWhatTheJournalDoesNotHave(t *testing.T) {
	p := testPlan(2)
	r := newRun(t, p)
	want := func(slots []plan.Slot, passes []int) {
		t.Helper()
		if s, n := r.Pending(); !slices.Equal(s, slots) || !slices.Equal(n, passes) {
			t.Errorf("pending %v, passes %v; want %v, %v", s, n, slots, passes)
		}
	}
	add := func(rec Record) {
		t.Helper()
		if err := r.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	want(p.Schedule, []int{0, 1, 2})
	add(sampleOf(p, p.Schedule[0]))
	add(profileOf(p, 1))
	want(p.Schedule[1:], []int{0, 2})

	bad := p.Schedule[1]
	add(failureOf(p, bad))
	rest := slices.DeleteFunc(slices.Clone(p.Schedule[2:]), func(s plan.Slot) bool { return s.Cell == bad.Cell })
	want(rest, slices.DeleteFunc([]int{0, 2}, func(i int) bool { return i == bad.Cell }))
	again := slices.IndexFunc(p.Schedule[3:], func(s plan.Slot) bool { return s.Cell == bad.Cell })
	add(failureOf(p, p.Schedule[3+again]))
	if id := p.Cells[bad.Cell].ID(); len(r.Failed()) != 1 || r.Failed()[id].Round != 0 {
		t.Errorf("failed %v, want %s", r.Failed(), id)
	}
}

func TestSamplesOmitFailedCellsAndAreOrdered(t *testing.T) {
	p := testPlan(3)
	r := newRun(t, p)
	bad := p.Schedule[8].Cell
	var want []Record
	for _, i := range []int{4, 2, 7, 0, 5, 1, 3, 6} {
		if err := r.Append(sampleOf(p, p.Schedule[i])); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Append(failureOf(p, p.Schedule[8])); err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Schedule {
		if s.Cell != bad {
			want = append(want, sampleOf(p, s))
		}
	}
	if got := r.Samples(); !reflect.DeepEqual(got, want) {
		t.Errorf("samples\n%+v, want\n%+v", got, want)
	}
}

func TestInvalidRecordsAreRejected(t *testing.T) {
	p := testPlan(2)
	r := newRun(t, p, sampleOf(p, p.Schedule[0]), profileOf(p, 0))
	before := snapshot(t, r.Dir())
	refuse := func(why string, rec Record, change func(*Record)) {
		t.Helper()
		change(&rec)
		if err := r.Append(rec); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
	next := sampleOf(p, p.Schedule[1])
	refuse("recorded twice", sampleOf(p, p.Schedule[0]), func(*Record) {})
	refuse("recorded twice", profileOf(p, 0), func(*Record) {})
	refuse("belong together", next, func(r *Record) { r.Cell = "impl=z" })
	refuse("belong together", next, func(r *Record) { r.Round = 2 })
	refuse("belong together", next, func(r *Record) { r.Round, r.Slot = 0, 4 }) // the place of round 1 slot 1
	refuse("belong together", next, func(r *Record) { r.Round, r.Slot = -2, 7 })
	refuse("belong together", next, func(r *Record) { r.Slot = -1 })
	refuse("belong together", profileOf(p, 1), func(r *Record) { r.Slot = 3 })
	refuse("belong together", profileOf(p, 1), func(r *Record) { r.Slot = -1 })
	refuse("with its data", next, func(r *Record) { r.Sample = nil })
	refuse("with its data", next, func(r *Record) { r.Kind = "guess" })
	refuse("with its data", profileOf(p, 1), func(r *Record) { r.Profile = nil })
	refuse("with its data", profileOf(p, 1), func(r *Record) { r.Kind, r.Sample = KindSample, next.Sample })
	refuse("with its data", next, func(r *Record) { r.Kind, r.Profile = KindProfile, profileOf(p, 1).Profile })
	refuse("0 crawls", next, func(r *Record) { r.Sample = &Sample{Values: next.Sample.Values} })
	refuse("it has no peak-RSS-bytes", next, func(r *Record) {
		r.Sample = &Sample{Crawls: 1, Seconds: []float64{1}, Values: maps.Clone(next.Sample.Values)}
		delete(r.Sample.Values, "peak-RSS-bytes")
	})
	if !maps.Equal(before, snapshot(t, r.Dir())) || len(r.Records()) != 2 {
		t.Error("a rejected record changed the run")
	}
}

func TestPlanCanChangeExceptForMeasuredRounds(t *testing.T) {
	p := testPlan(3)
	r := newRun(t, p, sampleOf(p, p.Schedule[0]), sampleOf(p, p.Schedule[3]))
	for _, rounds := range []int{5, 2} {
		if err := r.SetPlan(testPlan(rounds)); err != nil {
			t.Fatal(err)
		}
		q, err := Open(r.Dir())
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range []*Run{r, q} {
			if slots, _ := run.Pending(); len(slots) != 3*rounds-2 {
				t.Errorf("%d rounds: %d slots are pending", rounds, len(slots))
			}
		}
	}
	before := snapshot(t, r.Dir())
	wantError(t, r.SetPlan(testPlan(1)), "round 2 slot 1", "belong together")
	if !maps.Equal(before, snapshot(t, r.Dir())) || r.Plan().Rounds != 2 {
		t.Error("a plan without a measured round was accepted")
	}
}

func TestCreateRejectsAnExistingDirectory(t *testing.T) {
	r := newRun(t, testPlan(1))
	before := snapshot(t, r.Dir())
	_, err := Create(r.Dir(), Manifest{}, testPlan(1))
	wantError(t, err, "-resume", "another name")
	if !maps.Equal(before, snapshot(t, r.Dir())) {
		t.Error("the existing run was changed")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = Create(filepath.Join(file, "run"), Manifest{}, testPlan(1))
	wantError(t, err, "not a directory", "-results")
}

func TestErrorsNameTheDamagedFile(t *testing.T) {
	p := testPlan(1)
	reject := func(change func(dir string) error, words ...string) {
		t.Helper()
		r := newRun(t, p, sampleOf(p, p.Schedule[0]))
		r.Close()
		if err := change(r.Dir()); err != nil {
			t.Fatal(err)
		}
		_, err := Open(r.Dir())
		wantError(t, err, append(words, r.Dir())...)
		_, _, err = Resume(r.Dir())
		wantError(t, err, append(words, r.Dir())...)
	}
	write := func(name, text string) func(string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666) }
	}
	edit := func(name, old, new string) func(string) error {
		return func(dir string) error {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil && !strings.Contains(string(text), old) {
				err = fmt.Errorf("%s has no %s", name, old)
			}
			if err != nil {
				return err
			}
			return write(name, strings.ReplaceAll(string(text), old, new))(dir)
		}
	}
	all := "a run is a directory with manifest.json, plan.json and journal.jsonl"
	reject(os.RemoveAll, all)
	reject(func(dir string) error {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		return os.WriteFile(dir, nil, 0o666)
	}, all)
	for _, name := range []string{manifestFile, planFile, journalFile} {
		reject(func(dir string) error { return os.Remove(filepath.Join(dir, name)) }, "no such file: "+name, all)
	}
	reject(edit(manifestFile, `"schema": 2`, `"schema": 1`), "schema 1", "schema 2", "version of crawlbench")
	reject(write(manifestFile, `{"schema": 3, "run": ["of", "another", "form"]}`), "schema 3", "schema 2")
	reject(write(manifestFile, `{"schema": 2, "sta`), manifestFile+" is damaged", "backup")
	reject(write(planFile, `{`), planFile+" is damaged", "backup")
	reject(edit(planFile, `"cell": 2`, `"cell": 3`), planFile+" is damaged", "the schedule's entry", "3 cells")
	reject(edit(planFile, `"cell": 2`, `"cell": -1`), planFile+" is damaged", "the schedule's entry", "3 cells")
	reject(edit(planFile, `"slot": 2`, `"slot": 1`), planFile+" is damaged", "entry 3")
	reject(
		edit(planFile, "\"passes\": [\n    {\n      \"cell\": 0", "\"passes\": [\n    {\n      \"cell\": -1"),
		planFile+" is damaged", "profile pass 1",
	)
	reject(edit(planFile, `"workers": 4`, `"workers": 5`), "line 1", "do not belong together")
}
