package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crawlbench/internal/host"
)

// ErrDisagree is the error for shards that were not measured under the same conditions.
var ErrDisagree = errors.New("the shards were not measured under the same conditions")

// Agree returns an error unless all shards were measured by the same program, by the same plan, on the same graphs and
// with the same settings. The error lists what differs between which shards. The machines may differ.
func Agree(shards []*Run) error {
	var order []string
	properties := map[string]*group{}
	for _, r := range shards {
		for _, p := range r.conditions() {
			if properties[p[0]] == nil {
				properties[p[0]] = new(group)
				order = append(order, p[0])
			}
			properties[p[0]].add(p[1], r.dir)
		}
	}
	var list []string
	for _, name := range order {
		if g := properties[name]; len(g.values) > 1 {
			list = append(list, fmt.Sprintf("\n  %s: %s", name, g))
		}
	}
	if list == nil {
		return nil
	}
	return fmt.Errorf("%w:%s\nmeasure all shards with the same program, scenario, flags and settings", ErrDisagree,
		strings.Join(list, ""))
}

// conditions returns the names and values of the properties that must be the same for all shards of
// a run.
func (r *Run) conditions() [][2]string {
	m := r.manifest
	var procs []string
	for _, c := range r.plan.Cells {
		if n := fmt.Sprint(c.Procs); !slices.Contains(procs, n) {
			procs = append(procs, n)
		}
	}
	list := [][2]string{
		{"crawlbench (SHA-256)", abbreviate(m.Sums.Program)},
		{"program of -against (SHA-256)", cmp.Or(m.Sums.Against, "none")},
		{"Go", m.Go},
		{"server of fleets", cmp.Or(m.Server, "none")},
		{"system", m.Host["os"] + "/" + m.Host["arch"]},
		{"scenario (SHA-256)", abbreviate(Sum([]byte(m.ScenarioText)))},
		{"seed", fmt.Sprint(m.Seed)},
		{"rounds", fmt.Sprint(r.plan.Rounds)},
		{"GOMAXPROCS of the cells", strings.Join(procs, ", ")},
		{"crawlers", strings.Join(r.plan.Crawlers, ", ")},
		{"plan (SHA-256)", abbreviate(r.planSum)},
	}
	for _, name := range host.Variables() {
		if name != "GOMAXPROCS" { // every child sets its own
			list = append(list, [2]string{name, cmp.Or(host.Effective(name, m.Environment[name]), "none")})
		}
	}
	for _, g := range m.Graphs {
		list = append(list, [2]string{"graph " + g.Name + " (digest)", abbreviate(cmp.Or(g.SHA256, g.Digest))})
	}
	return list
}
