package graph

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The test is its own child, which maps the cache and sorts the links of a page where they lie, or
// does another thing that ends it.
func TestModifiedLinksAreNamed(t *testing.T) {
	if file := os.Getenv("CRAWLBENCH_TEST_CACHE"); file != "" {
		c, err := OpenCache(file)
		if err != nil {
			t.Fatal(err)
		}
		links := c.Graph.Out(0)
		switch os.Getenv("CRAWLBENCH_TEST_FAULT") {
		case "write":
			slices.Reverse(links)
		case "nil":
			var p *Graph
			p.Start = 1
		case "gone":
			c.Close()
			links[0]++
		case "panic":
			panic("unexpected fault address 0x1")
		}
		return
	}
	path := filepath.Join(t.TempDir(), "g.graph")
	g := build(t, Spec{Kind: "star", Pages: 50})
	if err := WriteCache(path, g, Walk(g, nil)); err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]bool{"write": true, "nil": false, "gone": false, "panic": false, "nothing": false} {
		cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "CRAWLBENCH_TEST_CACHE="+path, "CRAWLBENCH_TEST_FAULT="+what)
		out, err := cmd.CombinedOutput()
		if (err != nil) != (what != "nothing") || Modified(out) != want {
			t.Errorf("%s: named %v, want %v: %v\n%s", what, Modified(out), want, err, strings.Join(slices.Collect(strings.Lines(string(out)))[:min(5, strings.Count(string(out), "\n"))], ""))
		}
	}
	if err := CheckCache(path); err != nil {
		t.Errorf("after all: %v", err)
	}
}
