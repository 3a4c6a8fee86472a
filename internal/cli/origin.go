package cli

import (
	"os"
	"path/filepath"
	"runtime/debug"

	"crawlbench/internal/host"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// programs are the executables that crawl: this one and, of a run against it, the other.
type programs struct{ this, other host.Program }

// read reads them; against is the path of the other, "" for none.
func (p *programs) read(against string) (err error) {
	if p.this, err = host.ThisProgram(); err == nil && against != "" {
		p.other, err = host.ReadProgram(against)
	}
	return err
}

// origin notes in m what the numbers of a run come from.
func origin(m *store.Manifest, p *plan.Plan, by programs) error {
	m.Sums.Program, m.Sums.Against = by.this.SHA256, by.other.SHA256
	m.Build, m.Environment = build(), host.Environment()
	for _, g := range p.Graphs {
		if g.Spec.File == "" {
			continue
		}
		file, err := filepath.Abs(g.Spec.File)
		if err != nil {
			return err
		}
		if m.GraphFiles == nil {
			m.GraphFiles = map[string]store.Path{}
		}
		m.GraphFiles[g.Name] = store.Path(file)
	}
	return nil
}

// build returns the settings with which this program was built.
func build() map[string]string {
	settings := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
	}
	return settings
}

// located returns p with the files of its graphs where they are now: where the run found them, at the same place beside a
// run that was moved, or where the plan says, seen from here.
func located(run *store.Run, p *plan.Plan) *plan.Plan {
	m := run.Manifest()
	q := *p
	q.Graphs = nil
	for _, g := range p.Graphs {
		if g.Spec.File != "" {
			g.Spec.File = locate(g.Spec.File, string(m.GraphFiles[g.Name]), string(m.Dir), run.Dir())
		}
		q.Graphs = append(q.Graphs, g)
	}
	return &q
}

// locate returns the path of a file that a run read as file, which was at then, while the run was in from; it is in to now.
func locate(file, then, from, to string) string {
	candidates := []string{file}
	if then != "" {
		candidates = []string{then}
		if to, err := filepath.Abs(to); err == nil && from != "" {
			if way, err := filepath.Rel(from, then); err == nil {
				candidates = append(candidates, filepath.Join(to, way))
			}
		}
		candidates = append(candidates, file)
	}
	for _, c := range candidates {
		if _, err := os.Stat(c); err == nil {
			return c
		}
	}
	return candidates[0]
}
