package corpora

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// html5lib are the tests of html5lib for the construction of trees. Later versions of the module lack them.
var html5lib = Corpus{Module: "golang.org/x/net@v0.38.0", Sum: "h1:vRMAPTMaeGqVhG5QyLJHqNDwecKTomGeqbnfZyKlBI8=", Dir: "html/testdata/webkit"}

// documents returns the documents of a file of tests.
func documents(t *testing.T, path string) (list []string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split("\n"+string(text), "\n#data\n")[1:] {
		data, _, ok := strings.Cut("\n"+part, "\n#errors\n")
		if !ok {
			t.Fatalf("%s: a test without errors: %.50q", path, part)
		}
		list = append(list, strings.TrimPrefix(data, "\n"))
	}
	return list
}

func TestLinksOfTrees(t *testing.T) {
	all, repeated := 0, 0
	for _, path := range html5lib.Files(t, "*.dat") {
		for _, text := range documents(t, path) {
			all++
			got, want := links(t, []byte(text)), byDOM(tree(t, []byte(text)))
			switch {
			case slices.Equal(got, want):
			case repeats(want, got):
				repeated++
				t.Logf("%s: %q: the DOM repeats %d links", filepath.Base(path), text, len(want)-len(got))
			default:
				t.Errorf("%s: %q: %q, in the DOM %q", filepath.Base(path), text, got, want)
			}
		}
	}
	if all < 1700 {
		t.Errorf("%d documents, want 1700 or more", all)
	}
	t.Logf("%d documents; for %d the DOM repeats links", all, repeated)
}
