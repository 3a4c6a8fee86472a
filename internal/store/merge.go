package store

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"

	"crawlbench/internal/plan"
)

// Merge writes shards as one run into a new directory: the records of their journals, sorted by round, and the files
// that these refer to. The shards must agree; see Agree. The caller completes the run with Update.
func Merge(dir string, command []string, shards []*Run) (*Run, error) {
	m, names := merged(shards)
	m.Command = command
	r, err := Create(dir, m, shards[0].plan)
	if err != nil {
		return nil, err
	}
	var records []Record
	for _, s := range shards {
		for _, rec := range s.records {
			if err := r.copyFiles(s, rec); err != nil {
				return nil, errors.Join(err, r.Close(), os.RemoveAll(dir))
			}
			rec.Machine = names[s]
			records = append(records, rec)
		}
	}
	slices.SortStableFunc(records, func(a, b Record) int { return cmp.Compare(order(a), order(b)) })
	if err := r.Append(records...); err != nil {
		return nil, errors.Join(err, r.Close(), os.RemoveAll(dir))
	}
	return r, nil
}

// order returns the position of a record in a merged journal: by round, profiles last.
func order(rec Record) int {
	if rec.Round == passRound {
		return plan.MaxRounds
	}
	return rec.Round
}

// copyFiles copies the files that a record refers to.
func (r *Run) copyFiles(from *Run, rec Record) error {
	for _, name := range rec.files() {
		text, err := from.ReadFile(name)
		if err != nil {
			return fmt.Errorf("%s: %w", from.dir, err)
		}
		if err := r.WriteFile(name, text); err != nil {
			return err
		}
	}
	return nil
}

// files returns the names of the files that a record refers to.
func (rec *Record) files() (names []string) {
	if rec.Profile != nil {
		for _, file := range rec.Profile.Files {
			names = append(names, path.Clean(file))
		}
	}
	if rec.Failure != nil && rec.Failure.Output != "" {
		names = append(names, path.Clean(rec.Failure.Output))
	}
	slices.Sort(names)
	return names
}

// checkFiles returns the error of the first file that a record refers to and that cannot be read.
func (r *Run) checkFiles() error {
	for _, rec := range r.records {
		for _, name := range rec.files() {
			if _, err := r.ReadFile(name); err != nil {
				return fmt.Errorf("a file of it cannot be read: %w", err)
			}
		}
	}
	return nil
}

// merged returns the manifest of the merged run, and the name of each shard's machine. What depends on the machine
// comes from the first shard, which took the profiles.
func merged(shards []*Run) (Manifest, map[*Run]string) {
	m := shards[0].manifest
	m.Shard, m.Machines, m.Parts, m.Measured = nil, nil, nil, 0
	names, index := map[*Run]string{}, map[string]int{} // index is by ID
	for _, s := range shards {
		n := s.manifest
		x := n.Machines[0]
		i, ok := index[x.ID]
		if !ok {
			i = len(m.Machines)
			index[x.ID] = i
			x.Name = unused(x.Name, x.ID, m.Machines)
			x.Host, x.Spin, x.ProfilerCost, x.Harness, x.Engine = n.Host, n.Spin, n.ProfilerCost, n.Harness, n.Engine
			x.Shards = nil
			m.Machines = append(m.Machines, x)
		}
		m.Machines[i].Shards = append(m.Machines[i].Shards, n.Shard.Index)
		names[s] = m.Machines[i].Name
		m.Parts = append(m.Parts, Part{n.Shard.Index, n.Shard.Attempt, names[s], n.Command, n.Started, n.Ended})
		if n.Started.Before(m.Started) {
			m.Started = n.Started
		}
		if n.Ended.After(m.Ended) {
			m.Ended = n.Ended
		}
	}
	m.Host = shared(m.Machines)
	return m, names
}

// unused returns a name for a machine that differs from those of the others.
func unused(name, id string, others []Machine) string {
	for slices.ContainsFunc(others, func(m Machine) bool { return m.Name == name }) {
		name += "-" + id
	}
	return name
}

// shared returns the properties that all machines have in common.
func shared(list []Machine) map[string]string {
	all := map[string]string{}
	for key, value := range list[0].Host {
		if !slices.ContainsFunc(list, func(m Machine) bool { return m.Host[key] != value }) {
			all[key] = value
		}
	}
	return all
}
