package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crawlbench/internal/host"
)

// Difference is a property that differs between two runs, with both values.
type Difference struct {
	What, Old, New string
	// Matters means that the difference alone can change the results, so that they must not be compared.
	Matters bool
}

// String returns the property and both values.
func (d Difference) String() string {
	if d.Unknown() {
		return d.What + ": not recorded in either run"
	}
	return fmt.Sprintf("%s: %s and %s", d.What, quoted(d.Old), quoted(d.New))
}

// Unknown reports whether neither run recorded the property, so that they may agree or differ in it.
func (d Difference) Unknown() bool { return d.Old == notRecorded && d.New == notRecorded }

// notRecorded is the value of a property that an older program did not record.
const notRecorded = "not recorded"

func quoted(s string) string {
	if s == notRecorded {
		return s
	}
	return fmt.Sprintf("%q", s)
}

// Differences returns what differs between two runs apart from their graphs and cells, including properties that were
// not recorded.
func Differences(old, new *Run) []Difference {
	m, n := old.manifest, new.manifest
	var list []Difference
	add := func(what, before, after string, matters bool) {
		if before != after {
			list = append(list, Difference{what, before, after, matters})
		}
	}
	for _, key := range allKeys(m.Host, n.Host) {
		add(key, m.Host[key], n.Host[key], slices.Contains(host.Differ(m.Host, n.Host), key))
	}
	list = append(list, environmentDifferences(m.Environment, n.Environment)...)
	add("program (SHA-256)", abbreviate(m.Sums.Program), abbreviate(n.Sums.Program), false)
	add("Go", m.Go, n.Go, false)
	add("server of fleets", cmp.Or(m.Server, "none"), cmp.Or(n.Server, "none"), false)
	for _, path := range allKeys(m.Modules, n.Modules) {
		add("module "+path, m.Modules[path], n.Modules[path], false)
	}
	if m.Build != nil && n.Build != nil {
		for _, key := range allKeys(m.Build, n.Build) {
			// Two runs are usually of different programs; instrumentation of the program matters.
			add("build setting "+key, m.Build[key], n.Build[key],
				slices.Contains([]string{"-race", "-msan", "-asan", "-cover"}, key))
		}
	}
	add("text of the scenario (SHA-256)", abbreviate(Sum([]byte(m.ScenarioText))),
		abbreviate(Sum([]byte(n.ScenarioText))), false)
	add("length of a sample", old.plan.Sample.String(), new.plan.Sample.String(), false)
	return list
}

// environmentDifferences returns the differences between two environments. GOMAXPROCS does not matter, because every
// child sets its own.
func environmentDifferences(m, n map[string]string) []Difference {
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

// allKeys returns the keys of both maps, sorted.
func allKeys(m, n map[string]string) []string {
	all := map[string]string{}
	maps.Copy(all, m)
	maps.Copy(all, n)
	return slices.Sorted(maps.Keys(all))
}

// abbreviate returns the first digits of a sum, enough to distinguish programs.
func abbreviate(sum string) string {
	return cmp.Or(sum[:min(len(sum), 12)], notRecorded)
}
