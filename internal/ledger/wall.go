package ledger

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/google/pprof/profile"
)

// wall gathers the wall profile.
type wall struct {
	waits   map[under]float64 // nanoseconds
	running float64           // nanoseconds, to be spread over the CPU samples
	samples map[*stack]int
	named   map[string]*stack
}

// under is a stack below the frame of a class.
type under struct {
	class Class
	at    *stack
}

func newWall() wall {
	return wall{waits: map[under]float64{}, samples: map[*stack]int{}, named: map[string]*stack{}}
}

// Frame names the frame of a wall profile under which the time of c stands.
func (c Class) Frame() string {
	if c == Handoff {
		return "[hand-off]"
	}
	return "[" + string(c) + "]"
}

func (w *wall) wait(class Class, p part, ns float64) {
	at := p.at
	if at == nil {
		at = w.name("(" + cmp.Or(p.why, "no stack") + ")")
	}
	w.waits[under{class, at}] += ns
}

// name returns a stack of one frame with that name.
func (w *wall) name(name string) *stack {
	if w.named[name] == nil {
		w.named[name] = &stack{key: name, frames: []frame{{function: name}}}
	}
	return w.named[name]
}

func (w *wall) sample(s *stack) {
	if s == nil {
		s = w.name("(no stack)")
	}
	w.samples[s]++
}

// spread puts the time on a processor under the stacks of the CPU samples.
func (w *wall) spread() {
	n := 0
	for _, count := range w.samples {
		n += count
	}
	if n == 0 && w.running > 0 {
		w.samples[w.name("(no CPU sample)")], n = 1, 1
	}
	for s, count := range w.samples {
		w.waits[under{Running, s}] = w.running * float64(count) / float64(n)
	}
}

// profile returns the profile of crawls that took so many seconds, in the order of its stacks' names.
func (w *wall) profile(seconds float64) *profile.Profile {
	w.spread()
	p := &profile.Profile{
		SampleType:        []*profile.ValueType{{Type: "wall", Unit: "nanoseconds"}},
		PeriodType:        &profile.ValueType{Type: "wall", Unit: "nanoseconds"}, // which Merge wants
		Period:            1,
		DefaultSampleType: "wall",
		DurationNanos:     int64(math.Round(seconds * 1e9)),
		Mapping:           []*profile.Mapping{{ID: 1, File: "wall", HasFunctions: true, HasFilenames: true, HasLineNumbers: true}},
	}
	b := builder{p, map[frame]*profile.Location{}, map[frame]*profile.Function{}}
	for _, u := range slices.SortedFunc(maps.Keys(w.waits), func(a, b under) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.at.key, b.at.key))
	}) {
		sample := &profile.Sample{Value: []int64{int64(math.Round(w.waits[u]))}}
		if sample.Value[0] == 0 {
			continue
		}
		for _, f := range u.at.frames {
			sample.Location = append(sample.Location, b.location(f))
		}
		sample.Location = append(sample.Location, b.location(frame{function: u.class.Frame()}))
		p.Sample = append(p.Sample, sample)
	}
	return p
}

// builder numbers what a profile is made of.
type builder struct {
	profile   *profile.Profile
	locations map[frame]*profile.Location
	functions map[frame]*profile.Function // without lines
}

func (b builder) location(f frame) *profile.Location {
	if l := b.locations[f]; l != nil {
		return l
	}
	name := frame{function: f.function, file: f.file}
	fn := b.functions[name]
	if fn == nil {
		fn = &profile.Function{ID: uint64(len(b.functions) + 1), Name: f.function, SystemName: f.function, Filename: f.file}
		b.functions[name] = fn
		b.profile.Function = append(b.profile.Function, fn)
	}
	l := &profile.Location{ID: uint64(len(b.locations) + 1), Mapping: b.profile.Mapping[0], Line: []profile.Line{{Function: fn, Line: int64(f.line)}}}
	b.locations[f] = l
	b.profile.Location = append(b.profile.Location, l)
	return l
}
