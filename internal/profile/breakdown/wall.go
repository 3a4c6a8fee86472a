package breakdown

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/google/pprof/profile"
	"golang.org/x/exp/trace"
)

// wall accumulates the wall profile.
type wall struct {
	waits   map[classStack]float64 // nanoseconds
	queue   map[classStack]float64 // nanoseconds, of woken goroutines that waited for a processor
	running float64                // nanoseconds, distributed over the CPU samples
	samples map[*stack]int
	named   map[string]*stack
}

// classStack is a stack below the frame of a state.
type classStack struct {
	class State
	at    *stack
}

// Frame returns the root frame of the wall profile for the time in state c.
func (c State) Frame() string { return "[" + string(c) + "]" }

func (w *wall) wait(class State, p interval, ns float64) {
	at := p.at
	if at == nil {
		at = w.name("(" + cmp.Or(p.reason, "no stack") + ")")
	}
	if p.woken != nil && p.state == trace.GoRunnable {
		w.queue[classStack{class, at}] += ns
		return
	}
	w.waits[classStack{class, at}] += ns
}

// name returns a stack with a single frame of that name.
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

// distributeRunning distributes the running time over the stacks of the CPU samples.
func (w *wall) distributeRunning() {
	n := 0
	for _, count := range w.samples {
		n += count
	}
	if n == 0 && w.running > 0 {
		w.samples[w.name("(no CPU sample)")], n = 1, 1
	}
	for s, count := range w.samples {
		w.waits[classStack{Running, s}] = w.running * float64(count) / float64(n)
	}
}

// profile returns the profile of crawls that took the given number of seconds, sorted by stack.
func (w *wall) profile(seconds float64) *profile.Profile {
	w.distributeRunning()
	p := &profile.Profile{
		SampleType:        []*profile.ValueType{{Type: "wall", Unit: "nanoseconds"}},
		PeriodType:        &profile.ValueType{Type: "wall", Unit: "nanoseconds"}, // required by profile.Merge
		Period:            1,
		DefaultSampleType: "wall",
		DurationNanos:     int64(math.Round(seconds * 1e9)),
		Mapping: []*profile.Mapping{{
			ID: 1, File: "wall", HasFunctions: true, HasFilenames: true, HasLineNumbers: true,
		}},
	}
	b := builder{p, map[frame]*profile.Location{}, map[frame]*profile.Function{}}
	b.add(w.waits)
	b.add(w.queue, queueFrame)
	return p
}

// queueFrame is the frame below the root of time in which a woken goroutine waited for a processor.
const queueFrame = "[woken, waiting for a processor]"

// add adds samples, with extra frames above the frame of their state.
func (b builder) add(times map[classStack]float64, below ...string) {
	for _, u := range slices.SortedFunc(maps.Keys(times), func(a, b classStack) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.at.key, b.at.key))
	}) {
		sample := &profile.Sample{Value: []int64{int64(math.Round(times[u]))}}
		if sample.Value[0] == 0 {
			continue
		}
		for _, f := range u.at.frames {
			sample.Location = append(sample.Location, b.location(f))
		}
		for _, name := range append(below, u.class.Frame()) {
			sample.Location = append(sample.Location, b.location(frame{function: name}))
		}
		b.profile.Sample = append(b.profile.Sample, sample)
	}
}

// builder assigns the ids of locations and functions in a profile.
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
		fn = &profile.Function{ID: uint64(len(b.functions) + 1), Name: f.function, SystemName: f.function,
			Filename: f.file}
		b.functions[name] = fn
		b.profile.Function = append(b.profile.Function, fn)
	}
	l := &profile.Location{
		ID: uint64(len(b.locations) + 1), Mapping: b.profile.Mapping[0],
		Line: []profile.Line{{Function: fn, Line: int64(f.line)}},
	}
	b.locations[f] = l
	b.profile.Location = append(b.profile.Location, l)
	return l
}
