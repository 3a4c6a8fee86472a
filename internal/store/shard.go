package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/plan"
)

// Shard identifies one shard of the run named Run: shard Index of Of, counted from 1, which measures some of the rounds
// of the plan. Attempt counts, from 1, how often that shard was started in one directory.
type Shard struct {
	Run     string `json:"run"`
	Index   int    `json:"index"`
	Of      int    `json:"of"`
	Attempt int    `json:"attempt"`
}

// String returns the shard as it is written on the command line, such as 2/8.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// Dir returns the name of the shard's directory.
func (s Shard) Dir() string {
	return fmt.Sprintf("%s.shard-%d-of-%d.attempt-%d", s.Run, s.Index, s.Of, s.Attempt)
}

// Has reports whether the shard measures a round. A nil shard measures all. Consecutive rounds go to different shards,
// so that cells measured in the first rounds only are spread over as many shards as possible.
func (s *Shard) Has(round int) bool { return s == nil || round%s.Of == s.Index-1 }

// HasPasses reports whether the shard takes the profiles. Only the first one does, so that all come from one machine.
func (s *Shard) HasPasses() bool { return s == nil || s.Index == 1 }

func (s *Shard) check() error {
	if s == nil {
		return nil
	}
	if s.Of < 1 || s.Of > plan.MaxRounds || s.Index < 1 || s.Index > s.Of || s.Attempt < 1 || !ValidName(s.Run) {
		return fmt.Errorf("invalid shard %v, attempt %d, of run %q", s, s.Attempt, s.Run)
	}
	return nil
}

// ValidName reports whether name can be the name of a run: letters, digits and . _ + -, not beginning with . or -.
func ValidName(name string) bool {
	return name != "" && len(name) <= 100 && name[0] != '.' && name[0] != '-' &&
		plan.ValidName(strings.ReplaceAll(name, "-", "_"))
}

// Machine is a machine that measured a shard, or rounds of a run that was merged from shards.
type Machine struct {
	// Name is the one in Record.Machine. ID is host.ID, which distinguishes machines.
	Name string            `json:"name"`
	ID   string            `json:"id"`
	Host map[string]string `json:"host,omitempty"` // host.Fingerprint
	// Shards are the shards of a merged run that it measured, counted from 1. The fields below come from the first of
	// them; see Manifest.
	Shards       []int              `json:"shards,omitempty"`
	Spin         float64            `json:"spin,omitempty"`
	ProfilerCost map[string]float64 `json:"profiler_ns_per_event,omitempty"`
	Harness      map[string]float64 `json:"harness_sec_per_page,omitempty"`
	Engine       map[string]float64 `json:"engine_sec_per_page,omitempty"`
}

// Part is one shard of a merged run.
type Part struct {
	Shard   int       `json:"shard"`
	Attempt int       `json:"attempt"`
	Machine string    `json:"machine"`
	Command []string  `json:"command"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
}

// stamped returns records that name the machine if the run is a shard.
func (r *Run) stamped(recs []Record) []Record {
	if r.manifest.Shard == nil {
		return recs
	}
	recs = slices.Clone(recs)
	for i := range recs {
		recs[i].Machine = r.manifest.Machines[0].Name
	}
	return recs
}

// Several reports whether a run was measured on several machines.
func (r *Run) Several() bool { return len(r.manifest.Machines) > 1 }

// On returns the part of a run that one machine measured, for reading. A cell that failed on one machine counts as
// failed on all.
func (r *Run) On(machine string) (*Run, error) {
	i := slices.IndexFunc(r.manifest.Machines, func(m Machine) bool { return m.Name == machine })
	if i < 0 {
		return nil, fmt.Errorf("run %s has no machine %q", r.dir, machine)
	}
	part, m := &Run{dir: r.dir, manifest: r.manifest, plan: r.plan, planSum: r.planSum}, r.manifest.Machines[i]
	part.manifest.Machines, part.manifest.Host = []Machine{m}, m.Host
	part.manifest.Spin, part.manifest.ProfilerCost = m.Spin, m.ProfilerCost
	part.manifest.Harness, part.manifest.Engine = m.Harness, m.Engine
	part.progress = NewProgress(r.plan)
	for _, rec := range r.records {
		if rec.Machine == machine {
			part.add(rec)
		}
	}
	part.progress.failed = r.progress.failed
	return part, nil
}

// Rounds returns the rounds that have been measured, at least in part.
func (r *Run) Rounds() []int {
	rounds := map[int]bool{}
	for _, rec := range r.records {
		if rec.Round != passRound {
			rounds[rec.Round] = true
		}
	}
	return slices.Sorted(maps.Keys(rounds))
}

// checkMachines returns an error if the machines of a manifest are invalid.
func (m *Manifest) checkMachines() error {
	names := map[string]bool{}
	for _, x := range m.Machines {
		if !ValidName(x.Name) || !ValidName(x.ID) || names[x.Name] {
			return fmt.Errorf("machine %q (ID %q): the name or ID is invalid, or the name occurs twice", x.Name, x.ID)
		}
		names[x.Name] = true
	}
	if m.Shard != nil && len(m.Machines) != 1 {
		return fmt.Errorf("a shard with %d machines: want 1", len(m.Machines))
	}
	return m.Shard.check()
}

// origins checks that records come from the shard and the machines of a run.
type origins struct {
	shard *Shard
	known map[string]bool
	of    map[int]string // machine by round; passRound for the profiles
}

func newOrigins(m *Manifest) *origins {
	o := &origins{shard: m.Shard, known: map[string]bool{}, of: map[int]string{}}
	for _, x := range m.Machines {
		o.known[x.Name] = true
	}
	return o
}

// check returns an error unless rec belongs to a round of the shard and to a machine of the run, the same as the rest
// of its round.
func (o *origins) check(rec Record) error {
	at := place{rec.Round, rec.Slot}
	if rec.Round == passRound && !o.shard.HasPasses() || rec.Round != passRound && !o.shard.Has(rec.Round) {
		return fmt.Errorf("%s does not belong to shard %v", at, o.shard)
	}
	if len(o.known) == 0 && rec.Machine == "" {
		return nil
	}
	if !o.known[rec.Machine] {
		return fmt.Errorf("%s was measured on machine %q, which the manifest does not list", at, rec.Machine)
	}
	if before, ok := o.of[rec.Round]; ok && before != rec.Machine {
		return fmt.Errorf("%s was measured on machine %q, and the rest of its round on %q: want one machine for a "+
			"round", at,
			rec.Machine, before)
	}
	o.of[rec.Round] = rec.Machine
	return nil
}
