package cli

import (
	"os"
	"path/filepath"
	"runtime/debug"

	"crawlbench/internal/host"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// programs are the executables that crawl: this one, and the other one of a run with -against.
type programs struct {
	this, other           *host.Program
	startThis, startOther string // the paths by which children are started
}

// readPrograms opens the programs; against is the path of the other one, or "" if there is none.
func readPrograms(against string) (p programs, err error) {
	if p.this, err = host.ThisProgram(); err == nil && against != "" {
		p.other, err = host.ReadProgram(against)
	}
	return p, err
}

// close closes the files of the programs.
func (p programs) close() {
	for _, program := range []*host.Program{p.this, p.other} {
		if program != nil {
			program.Close()
		}
	}
}

// sums returns the SHA-256 sums of the programs; other is "" if there is no other program.
func (p programs) sums() (this, other string) {
	if p.other != nil {
		other = p.other.SHA256
	}
	return p.this.SHA256, other
}

// unchanged returns an error if the other program was modified. The kernel prevents modifying this one while it runs.
func (p programs) unchanged() error {
	if p.other == nil {
		return nil
	}
	return p.other.Unchanged()
}

// link creates links to the programs in dir, through which children are started.
func (p *programs) link(dir string) {
	at := func(program *host.Program, name string) string {
		path := filepath.Join(dir, name)
		if os.Symlink(program.Start(), path) != nil {
			return program.Start()
		}
		return path
	}
	p.startThis = at(p.this, filepath.Base(os.Args[0]))
	if p.other != nil {
		p.startOther = at(p.other, "against."+filepath.Base(p.other.Path))
	}
}

// origin records in m the programs, settings and files that a run depends on.
func origin(m *store.Manifest, p *plan.Plan, by programs) error {
	m.Sums.Program, m.Sums.Against = by.sums()
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

// withGraphPaths returns p with the current paths of its graph files: where the run found them, or at the
// same place relative to a moved run, or relative to the working directory as in the plan.
func withGraphPaths(run *store.Run, p *plan.Plan) *plan.Plan {
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

// locate returns the current path of a file that the run called file and found at then, when the
// run was in from; the run is now in to.
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
