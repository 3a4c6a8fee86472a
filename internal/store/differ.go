package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crawlbench/internal/host"
)

// Difference is something that two runs do not have in common, as it was in each.
type Difference struct {
	What, Old, New string
	// Matters says that their numbers differ for that alone, and must not be held against each other.
	Matters bool
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: %s and %s", d.What, quoted(d.Old), quoted(d.New))
}

// notRecorded is what a run of an older program says.
const notRecorded = "not recorded"

func quoted(s string) string {
	if s == notRecorded {
		return s
	}
	return fmt.Sprintf("%q", s)
}

// Differences returns what differs between two runs, beside their graphs and cells, and what nobody can tell any more.
func Differences(old, new *Run) []Difference {
	m, n := old.manifest, new.manifest
	var list []Difference
	add := func(what, before, after string, matters bool) {
		if before != after {
			list = append(list, Difference{what, before, after, matters})
		}
	}
	for _, key := range keys(m.Host, n.Host) {
		add(key, m.Host[key], n.Host[key], slices.Contains(host.Differ(m.Host, n.Host), key))
	}
	list = append(list, environment(m.Environment, n.Environment)...)
	add("program (SHA-256)", short(m.Sums.Program), short(n.Sums.Program), false)
	add("Go", m.Go, n.Go, false)
	for _, path := range keys(m.Modules, n.Modules) {
		add("module "+path, m.Modules[path], n.Modules[path], false)
	}
	if m.Build != nil && n.Build != nil {
		for _, key := range keys(m.Build, n.Build) {
			// The program itself is what two runs usually differ by; what watches it at work is not.
			add("build setting "+key, m.Build[key], n.Build[key], slices.Contains([]string{"-race", "-msan", "-asan", "-cover"}, key))
		}
	}
	add("text of the scenario (SHA-256)", short(Sum([]byte(m.ScenarioText))), short(Sum([]byte(n.ScenarioText))), false)
	add("length of a sample", old.plan.Sample.String(), new.plan.Sample.String(), false)
	return list
}

// environment returns how the environments of two runs differ. Every child sets its own GOMAXPROCS.
func environment(m, n map[string]string) []Difference {
	if m == nil && n == nil {
		return []Difference{{strings.Join(host.Variables(), ", "), notRecorded, notRecorded, false}}
	}
	value := func(env map[string]string, name string) string {
		if env == nil {
			return notRecorded
		}
		return host.Effective(name, env[name])
	}
	var list []Difference
	for _, name := range host.Variables() {
		if before, after := value(m, name), value(n, name); before != after {
			list = append(list, Difference{name, before, after, m != nil && n != nil && name != "GOMAXPROCS"})
		}
	}
	return list
}

// keys returns those of both maps, in order.
func keys(m, n map[string]string) []string {
	all := maps.Clone(m)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, n)
	return slices.Sorted(maps.Keys(all))
}

// short returns as much of a sum as tells programs apart.
func short(sum string) string {
	return cmp.Or(sum[:min(len(sum), 12)], notRecorded)
}
