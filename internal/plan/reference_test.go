package plan

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The reference has every key of the parser, and what it says are the defaults are those.
func TestReferenceHasEveryKeyAndTheDefaults(t *testing.T) {
	text := Reference()
	all, tables := notes(), strings.Split(text, "\n[")
	i := 0
	visitTables(func(prefix string, keys []key) {
		for _, k := range keys {
			if prefix == "" && isTable(k.name) {
				continue
			}
			if all[prefix+k.name].doc == "" {
				t.Errorf("notes has no key %s%s: add what it is for", prefix, k.name)
			}
			delete(all, prefix+k.name)
			if !regexp.MustCompile(`(?m)^(# )?` + k.name + ` = \S`).MatchString(text) {
				t.Errorf("the reference has no key %s%s", prefix, k.name)
			}
			if want := expects(k); want == "" || strings.Contains(want, "must lie") {
				t.Errorf("%s%s: the reference says that it takes %q", prefix, k.name, want)
			}
		}
		i++
	})
	for name := range all {
		t.Errorf("notes has %s, which is not a key", name)
	}
	if i != len(tables) || i != 5 {
		t.Errorf("%d tables are read, and %d printed, want 5", i, len(tables))
	}
	s, err := Parse("reference.toml", []byte(text))
	if err != nil {
		t.Fatalf("the reference is not a scenario: %v", err)
	}
	want, err := Parse("reference.toml", []byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	want.Text, want.Profiles.Kinds = s.Text, s.Profiles.Kinds
	want.ownSeed = s.ownSeed // it says only that the reference sets a seed
	want.Reseed(1)
	if !reflect.DeepEqual(s, want) {
		t.Errorf("the values are\n%+v\nthe defaults\n%+v", s, want)
	}
}

// Each example parses if it is given in place of its comment, except parameters of other kinds of graphs.
func TestReferenceExamplesParse(t *testing.T) {
	text := Reference()
	for name, n := range notes() {
		prefix, key, table := strings.Cut(name, ".")
		if !n.example || prefix == "graph[0]" {
			continue
		}
		if !table {
			prefix, key = "", name
		}
		line := key + " = " + n.value
		if !strings.Contains(text, "\n# "+line+"\n") {
			t.Errorf("%s: the reference has no line %q", name, line)
		}
		with := strings.Replace(text, "\n# "+line+"\n", "\n"+line+"\n", 1)
		if prefix == "fetch" && key != "latency" && key != "seed" {
			kind := "per-host"
			with = strings.Replace(with, `# latency = "lognormal"`, `latency = "`+kind+`"`, 1)
		}
		if prefix == "fetch" && key != "median" && key != "seed" {
			with = strings.Replace(with, "# median =", "median =", 1)
		}
		if _, err := Parse("reference.toml", []byte(with)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNaturalSlipsGetAHint(t *testing.T) {
	const graph = "[[graph]]\nname = \"g\"\nkind = \"grid\"\npages = 9\n"
	for text, want := range map[string]string{
		"workers = \"1,2\"\n" + graph:                   `a list is written [1, 2]`,
		"workers = \"1, 2x\"\n" + graph:                 `a list is written [1, "2x"]`,
		"keys = \"id,url\"\n" + graph:                   `a list is written ["id", "url"]`,
		"threads = 2\n" + graph:                         "did you mean workers?",
		strings.Replace(graph, "kind", "type", 1):       "did you mean kind?",
		graph + strings.Replace(graph, `"g"`, `"G"`, 1): `another graph is called "g", which differs only in`,
		graph + "[profiles]\nprofiles = [\"cpu\"]\n":    "did you mean kinds?",
	} {
		if _, err := Parse("x.toml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", text, err, want)
		}
	}
}

// A short budget sets fewer rounds than cells with a rate have by default.
func TestFewerRoundsThanThoseOfCellsWithARate(t *testing.T) {
	s, err := Parse("x.toml", []byte("rate = [\"inf\", 100]\n"+everything))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Make(s, table(), 2)
	if err != nil {
		t.Fatal(err)
	}
	p.SetRounds(2)
	if err := p.Check(); err != nil {
		t.Errorf("a plan of 2 rounds: %v", err)
	}
}
