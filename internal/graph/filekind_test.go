package graph

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFileKindIsFoundByName(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "law.properties"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"soc.txt": "edges", "a.el.gz": "edges", "noname": "edges", "m.mtx": "mtx", "m.mtx.gz": "mtx",
		"site.cbg":  "file",
		"USA.gr.gz": "dimacs", "out.petster": "konect", "x.graph": "metis", "x.metis": "metis", "law.graph": "bvgraph",
	} {
		if got := FileKind(filepath.Join(dir, name)); got != want || !IsFileKind(got) {
			t.Errorf("%s is of kind %s, want %s", name, got, want)
		}
	}
	if IsFileKind("rmat") || IsFileKind("") {
		t.Error("a generated kind is called one of files")
	}
}
