package scenario

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"crawlbench/internal/graph"
	"crawlbench/internal/limiter"
	"crawlbench/scenarios"
)

// Load reads a scenario: one of the embedded by its name, or a file by its path, which has a slash in it or ends in
// .toml. Errors in the file are of type Errors.
func Load(name string) (*Scenario, error) {
	if !strings.HasSuffix(name, ".toml") && !strings.ContainsRune(name, filepath.Separator) {
		text, err := scenarios.Read(name)
		if err != nil {
			return nil, fmt.Errorf("no scenario %s%s: there are %s, or give the path of a .toml file", quoted(name), Nearest(name, scenarios.Names()), strings.Join(scenarios.Names(), ", "))
		}
		s, err := Parse(name+".toml", text)
		if s != nil {
			s.File = ""
		}
		return s, err
	}
	text, err := readFile(name)
	if err != nil {
		return nil, err
	}
	return Parse(name, text)
}

// Parse reads the text of a scenario file. Its errors are of type Errors.
func Parse(file string, text []byte) (*Scenario, error) {
	s := &Scenario{
		Name: strings.TrimSuffix(filepath.Base(file), ".toml"), File: file, Text: string(text),
		Keys: []string{"id"}, Workers: []Count{{1, false}, {1, true}, {2, true}, {4, true}}, Rates: []Rate{0},
		Bursts: []int{0}, Limiters: []string{""}, Procs: []Count{{1, true}},
		Control: true, Rounds: 10, Sample: 150 * time.Millisecond, Deadline: 30 * time.Second, Seed: 1,
		ownSeed: map[string]bool{},
	}
	text = bytes.TrimPrefix(text, []byte(mark))
	root, wrong := read(file, text)
	if wrong != nil {
		return nil, Errors{wrong}.sorted(text)
	}
	var errs Errors
	f := &fields{file: file, table: root, errs: &errs}
	if !validName(strings.ReplaceAll(s.Name, "-", "_")) {
		f.fail(root.position, "", "the file's name becomes the scenario's and begins the names of its runs, and %q has something else than letters, digits and . _ + -: rename the file", s.Name)
	}
	f.top(s)
	if len(errs) > 0 {
		return nil, errs.sorted(text)
	}
	return s, nil
}

// top reads the keys of the file.
func (f *fields) top(s *Scenario) {
	f.text("doc", &s.Doc)
	s.Contenders = list(f, "contenders", false, patternOf)
	if len(s.Contenders) == 0 {
		s.Contenders = []string{"*"}
	}
	f.baseline(s)
	f.boolean("control", &s.Control)
	keep(&s.Keys, list(f, "keys", false, oneOf("id", "url")))
	keep(&s.Workers, list(f, "workers", false, countOf(maxWorkers)))
	keep(&s.Rates, list(f, "rate", false, rateOf))
	keep(&s.Bursts, list(f, "burst", false, burstOf))
	keep(&s.Limiters, list(f, "limiter", false, oneOf(limiter.Names()...)))
	keep(&s.Procs, list(f, "gomaxprocs", false, countOf(1024)))
	f.integer("rounds", 1, MaxRounds, func(n int64) { s.Rounds = int(n) })
	f.duration("sample", time.Millisecond, 10*time.Minute, &s.Sample)
	f.duration("deadline", 100*time.Millisecond, 24*time.Hour, &s.Deadline)
	if s.Deadline <= s.Sample {
		f.fail(f.place("deadline", "sample"), "deadline", "%v is no longer than the sample of %v: no sample would ever end in time", s.Deadline, s.Sample)
	}
	f.bytes("memory", &s.Memory)
	f.integer("seed", 0, math.MaxInt64, func(n int64) { s.Seed = uint64(n) })
	s.Fetch.Seed = s.Seed
	f.fetch(s)
	f.graphs(s)
	f.profiles(s)
	f.done()
}

// keep replaces a default by what the file says.
func keep[T any](to *[]T, from []T) {
	if len(from) > 0 {
		*to = from
	}
}

// place returns where the first of keys stands that is there.
func (f *fields) place(keys ...string) position {
	for _, key := range keys {
		if v := f.table.find(key); v != nil {
			return v.position
		}
	}
	return f.table.position
}

func (f *fields) baseline(s *Scenario) {
	v := f.take("baseline")
	if v == nil {
		return
	}
	name, err := nameOf(*v)
	switch {
	case err != nil:
		f.fail(v.position, "baseline", "%v", err)
	case !selects(s.Contenders, name):
		f.fail(v.position, "baseline", "%s is not among the contenders: add it to them, or name another", name)
	}
	s.Baseline = name
}

func burstOf(v value) (int, error) {
	n, ok := v.integer()
	if !ok || n < 0 || n > math.MaxInt32 {
		return 0, fmt.Errorf("want a number of pages from 1 to %d, or 0 for 10 ms worth of the rate", math.MaxInt32)
	}
	return int(n), nil
}

// sub returns the fields of a table below this one, nil if it is not there.
func (f *fields) sub(key string) *fields {
	v := f.take(key)
	if v == nil {
		return nil
	}
	if v.table == nil {
		f.fail(v.position, key, "want a table [%s], have %s", key, v.kindName())
		return nil
	}
	return &fields{file: f.file, path: f.path + key + ".", table: v.table, errs: f.errs}
}

// fetch reads the site's behaviour.
func (f *fields) fetch(s *Scenario) {
	t := f.sub("fetch")
	if t == nil {
		return
	}
	before := len(*f.errs)
	b := &s.Fetch
	t.text("latency", &b.Latency.Model)
	t.duration("median", 0, time.Hour, &b.Latency.Median)
	t.number("sigma", func(x float64) { b.Latency.Sigma = x })
	t.number("host_sigma", func(x float64) { b.Latency.HostSigma = x })
	t.duration("cpu", -time.Hour, time.Hour, &b.CPU)
	t.number("fail", func(x float64) { b.Fail = x })
	t.seed(s, "", &b.Seed)
	t.done()
	t.problems(b.Check(), (*f.errs)[before:])
}

// problems reports what a package found wrong with its part of the file, unless it comes of what was wrong before.
func (f *fields) problems(ps []graph.Problem, before Errors) {
	for _, p := range ps {
		pos := f.place(p.Field)
		missing := pos == f.table.position
		same := func(e *Error) bool { return missing || e.Line == pos.line && e.Col == pos.col }
		if !slices.ContainsFunc(before, same) {
			f.fail(pos, p.Field, "%s", p.Msg)
		}
	}
}

// graphs reads the [[graph]] tables.
func (f *fields) graphs(s *Scenario) {
	v := f.take("graph")
	if v == nil {
		f.fail(f.table.position, "", "there is no graph: add a table [[graph]] with name and kind")
		return
	}
	tables := v.array
	if v.table != nil {
		tables = []value{*v}
	}
	names := map[string]bool{}
	for i, element := range tables {
		if element.table == nil {
			f.fail(element.position, "graph", "want tables [[graph]], have %s", element.kindName())
			continue
		}
		t := &fields{file: f.file, path: fmt.Sprintf("graph[%d].", i), table: element.table, errs: f.errs}
		g := t.graph(s)
		if g.Name != "" && names[g.Name] {
			t.fail(t.place("name"), "name", "another graph is called %q too", g.Name)
		}
		names[g.Name] = true
		s.Graphs = append(s.Graphs, g)
	}
	if len(tables) == 0 {
		f.fail(v.position, "graph", "want tables [[graph]] with name and kind")
	}
}

// seed reads the seed of a graph, or of the site where graph is "".
func (f *fields) seed(s *Scenario, graph string, to *uint64) {
	f.integer("seed", 0, math.MaxInt64, func(n int64) {
		*to = uint64(n)
		s.ownSeed[graph] = true
	})
}

// graph reads one graph.
func (f *fields) graph(s *Scenario) Graph {
	g := Graph{Spec: graph.Spec{Seed: s.Seed}}
	if v := f.take("name"); v != nil {
		name, err := nameOf(*v)
		if err != nil {
			f.fail(v.position, "name", "%v", err)
		}
		g.Name = name
	} else {
		f.fail(f.table.position, "", "the graph has no name: add name = \"...\"")
	}
	sp := &g.Spec
	before := len(*f.errs)
	f.text("kind", &sp.Kind)
	for _, field := range []struct {
		key string
		to  *int
	}{{"scale", &sp.Scale}, {"pages", &sp.Pages}, {"degree", &sp.Degree}, {"hosts", &sp.Hosts}} {
		f.integer(field.key, 1, math.MaxUint32, func(n int64) { *field.to = int(n) })
	}
	for _, field := range []struct {
		key string
		to  **float64
	}{{"copy", &sp.Copy}, {"intra", &sp.Intra}, {"chain", &sp.Chain}} {
		f.number(field.key, func(x float64) { *field.to = &x })
	}
	f.boolean("symmetric", &sp.Symmetric)
	f.seed(s, g.Name, &sp.Seed)
	f.page("start", &sp.Start)
	f.text("file", &sp.File)
	f.locate(sp)
	f.done()
	f.problems(sp.Check(), (*f.errs)[before:])
	return g
}

// locate expands the variables in the file of a graph, with $$ for a dollar sign, and makes it relative to the scenario's
// directory.
func (f *fields) locate(sp *graph.Spec) {
	if sp.File == "" {
		return
	}
	pos := f.place("file")
	variable := regexp.MustCompile(`\$(\$|\{[^}]*\}?|[A-Za-z_][A-Za-z_0-9]*|[0-9])`) // any other $ is one
	path := variable.ReplaceAllStringFunc(sp.File, func(text string) string {
		if text == "$$" {
			return "$"
		}
		name := strings.Trim(text, "${}")
		v, ok := os.LookupEnv(name)
		switch {
		case name == "" || strings.HasPrefix(text, "${") && !strings.HasSuffix(text, "}"):
			f.fail(pos, "file", "%s is not ${NAME}: write that for an environment variable, and $$ for a dollar sign", quoted(text))
		case !ok:
			f.fail(pos, "file", "the environment variable %s is not set: set it to the directory of the file, or write the path, with $$ for a dollar sign", cut(name, longValue))
		}
		return v
	})
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(f.file), path)
	}
	sp.File = path
}

// profiles reads which cells to profile.
func (f *fields) profiles(s *Scenario) {
	p := &s.Profiles
	p.Length = time.Second
	t := f.sub("profiles")
	if t == nil {
		return
	}
	in := func(names []string) func(value) (string, error) { return oneOf(names...) }
	var graphs []string
	for _, g := range s.Graphs {
		graphs = append(graphs, g.Name)
	}
	p.Kinds = list(t, "kinds", true, oneOf("cpu", "block", "mutex", "wall"))
	if t.table.find("kinds") == nil {
		t.fail(t.table.position, "", "there are no kinds of profiles: add kinds = [\"cpu\", \"block\", \"mutex\", \"wall\"], or leave [profiles] out")
	}
	p.Contenders = list(t, "contenders", false, func(v value) (string, error) {
		name, err := patternOf(v)
		if err == nil && validName(name) && !selects(s.Contenders, name) {
			err = fmt.Errorf("%s is not among the scenario's contenders", name)
		}
		return name, err
	})
	p.Graphs = list(t, "graphs", false, in(graphs))
	p.Keys = list(t, "keys", false, in(s.Keys))
	p.Workers = list(t, "workers", false, among("workers", countOf(maxWorkers), s.Workers))
	p.Rates = list(t, "rate", false, among("rates", rateOf, s.Rates))
	t.duration("length", time.Millisecond, 10*time.Minute, &p.Length)
	t.done()
}

// among reads a value that the scenario must have on its axis.
func among[T comparable](what string, parse func(value) (T, error), axis []T) func(value) (T, error) {
	return func(v value) (T, error) {
		x, err := parse(v)
		if err == nil && !slices.Contains(axis, x) {
			err = fmt.Errorf("%v is not among the scenario's %s, which are %v", x, what, axis)
		}
		return x, err
	}
}

// Reseed replaces the scenario's seed, and those of the graphs and the site that name none of their own.
func (s *Scenario) Reseed(seed uint64) {
	for i, g := range s.Graphs {
		if !s.ownSeed[g.Name] {
			s.Graphs[i].Spec.Seed = seed
		}
	}
	if !s.ownSeed[""] {
		s.Fetch.Seed = seed
	}
	s.Seed = seed
}
