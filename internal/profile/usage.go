package profile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/google/pprof/profile"

	"crawlbench/internal/module"
)

// Usage is where crawls spent processor time, by class, in the repeats of a pass.
type Usage struct {
	Repeats []Repeat `json:"repeats"`
	// Counting says why hardware counters could not be read; "" if they could.
	Counting string `json:"no_counters,omitempty"`
}

// Repeat is a part of the crawls of a pass.
type Repeat struct {
	Pages int     `json:"pages"`
	CPU   float64 `json:"cpu_sec"` // processor time of the process during these crawls
	// Samples is the number of samples, and Seconds the time that they stand for, by class.
	Samples int               `json:"samples"`
	Seconds map[Class]float64 `json:"class_sec"`
	Spots   []Spot            `json:"spots"` // largest first, at most mostSpots
	// Counters are what the kernel and the processor counted during the crawls, by name.
	Counters map[string]float64 `json:"counters,omitempty"`
}

// Spot is a line of the crawler that spent processor time in one class.
type Spot struct {
	Class   Class   `json:"class"`
	Where   string  `json:"where"`  // "function file.go:line"; "" for goroutines of the runtime
	Called  string  `json:"called"` // what the line called; "" for nothing
	Seconds float64 `json:"sec"`
}

const mostSpots = 24

// ParseUsage reads what a profile pass wrote. Earlier versions wrote the type arguments of functions.
func ParseUsage(text []byte) (u Usage, err error) {
	if err = json.Unmarshal(text, &u); err != nil {
		return u, err
	}
	for _, r := range u.Repeats {
		for i := range r.Spots {
			s := &r.Spots[i]
			s.Called = module.Function(s.Called)
			if at := strings.LastIndexByte(s.Where, ' '); at >= 0 {
				s.Where = module.Function(s.Where[:at]) + s.Where[at:]
			}
		}
	}
	return u, u.Check()
}

// Check returns an error unless all times and counts are amounts.
func (u Usage) Check() error {
	amount := func(x float64) bool { return x >= 0 && x <= math.MaxInt64 }
	for i, r := range u.Repeats {
		ok := r.Pages >= 0 && r.Samples >= 0 && amount(r.CPU)
		for _, x := range r.Seconds {
			ok = ok && amount(x)
		}
		for _, x := range r.Counters {
			ok = ok && amount(x)
		}
		for _, s := range r.Spots {
			ok = ok && amount(s.Seconds)
		}
		if !ok {
			return fmt.Errorf("invalid repeat %d: want finite numbers of at least 0", i+1)
		}
	}
	return nil
}

// classify adds the samples of a CPU profile to the repeats that their labels name. Samples of the runtime's own
// goroutines, which have no label, are distributed by the processor time of the repeats. Between crawls the harness
// causes some of them as well, so together with the others they count for that processor time at most.
func classify(p *Profile, repeats []Repeat) {
	spots := make([]map[Spot]float64, len(repeats))
	var cpu float64
	for i := range repeats {
		repeats[i].Seconds, spots[i] = map[Class]float64{}, map[Spot]float64{}
		cpu += repeats[i].CPU
	}
	add := func(i int, share float64, s *profile.Sample, spot Spot) {
		sec := share * float64(s.Value[1]) / 1e9
		repeats[i].Seconds[spot.Class] += sec
		spots[i][spot] += sec
	}
	labelled, unlabelled := 0.0, 0.0
	for _, s := range p.Sample {
		if _, ok := repeatOf(s); ok {
			labelled += float64(s.Value[len(s.Value)-1]) / 1e9
		} else {
			unlabelled += float64(s.Value[len(s.Value)-1]) / 1e9
		}
	}
	within := 1.0
	if unlabelled > 0 {
		within = max(0, min(1, (cpu-labelled)/unlabelled))
	}
	for _, s := range p.Sample {
		if len(s.Value) < 2 {
			continue
		}
		stack, lines := functions(s), positions(s)
		spot := Spot{Class: Of(stack)}
		if at := Site(stack); at >= 0 {
			spot.Where = lines[at]
			if at > 0 && stack[at-1] != "runtime.asyncPreempt" {
				spot.Called = module.Function(stack[at-1])
			}
		}
		if i, ok := repeatOf(s); ok && i < len(repeats) {
			repeats[i].Samples += int(s.Value[0])
			add(i, 1, s, spot)
			continue
		}
		for i := range repeats {
			if cpu > 0 {
				add(i, within*repeats[i].CPU/cpu, s, spot)
			}
		}
	}
	for i := range repeats {
		for spot, sec := range spots[i] {
			spot.Seconds = sec
			repeats[i].Spots = append(repeats[i].Spots, spot)
		}
		slices.SortFunc(repeats[i].Spots, func(a, b Spot) int {
			return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Class, b.Class),
				cmp.Compare(a.Where, b.Where), cmp.Compare(a.Called, b.Called))
		})
		repeats[i].Spots = repeats[i].Spots[:min(mostSpots, len(repeats[i].Spots))]
	}
}

// repeatOf returns the repeat that the label of a sample names.
func repeatOf(s *profile.Sample) (int, bool) {
	labels := s.Label[labelKey]
	if len(labels) == 0 {
		return 0, false
	}
	text, ok := strings.CutPrefix(labels[0], labelCrawl)
	i, err := strconv.Atoi(text)
	return i, ok && err == nil && i >= 0
}

// positions returns "function file.go:line" of each function on the stack of s, leaf first, as functions does.
func positions(s *profile.Sample) []string {
	var list []string
	for _, loc := range s.Location {
		for _, line := range loc.Line {
			if line.Function != nil {
				list = append(list, fmt.Sprintf("%s %s:%d", module.Function(line.Function.Name),
					path.Base(line.Function.Filename), line.Line))
			}
		}
	}
	return list
}
