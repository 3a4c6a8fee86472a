package ui

import (
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/store"
	"crawlbench/internal/testing/runtest"
)

// reference writes the site of the committed run of quick; with -short that of a smaller one.
func reference(t *testing.T) string {
	t.Helper()
	run, err := store.Open("../../../results/reference")
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		run = runtest.Showcase(t)
	}
	a, err := diagnose.Analyse(run)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "site")
	written, err := Write(dir, a, "reference")
	if err != nil {
		t.Fatal(err)
	}
	// Each cell has a page, and pages share the scripts, of which the plot alone has 50 kB.
	if cells := len(run.Plan().Cells); !testing.Short() && (written.Pages < cells ||
		written.Bytes > 20_000*int64(written.Pages)) {
		t.Errorf("%+v for %d cells", written, cells)
	}
	return dir
}

// broken follows all links from index.html, and returns links that are broken or lead outside, and
// files without a link to them.
func broken(t *testing.T, dir string) []string {
	t.Helper()
	files := os.DirFS(dir)
	reference, id := regexp.MustCompile(`\s(?:href|src|action)="([^"]*)"`), regexp.MustCompile(`\sid="([^"]*)"`)
	texts := map[string]string{}
	read := func(name string) (string, bool) {
		if _, ok := texts[name]; !ok {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return "", false
			}
			texts[name] = string(text)
		}
		return texts[name], true
	}
	var wrong []string
	seen := map[string]bool{"index.html": true}
	for queue := []string{"index.html"}; len(queue) > 0; queue = queue[1:] {
		from := queue[0]
		text, _ := read(from)
		if path.Ext(from) != ".html" {
			continue
		}
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			link := html.UnescapeString(m[1])
			u, err := url.Parse(link)
			if link == "data:," {
				continue
			}
			if err != nil || u.IsAbs() || u.Host != "" || strings.HasPrefix(u.Path, "/") {
				wrong = append(wrong, fmt.Sprintf("%s: %s leads outside", from, link))
				continue
			}
			to := from
			if u.Path != "" {
				to = path.Join(path.Dir(from), u.Path)
			}
			target, ok := read(to)
			if !ok {
				wrong = append(wrong, fmt.Sprintf("%s: %s leads nowhere", from, link))
				continue
			}
			if u.Fragment != "" && !slices.ContainsFunc(id.FindAllStringSubmatch(target, -1),
				func(m []string) bool { return html.UnescapeString(m[1]) == u.Fragment }) {
				wrong = append(wrong, fmt.Sprintf("%s: there is no %s", from, link))
			}
			if !seen[to] {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !seen[name] && name != "assets/uplot.LICENSE.txt" && name != "assets/live.js" {
			wrong = append(wrong, name+": no link leads there")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return wrong
}

func TestEveryLinkLeadsToAFile(t *testing.T) {
	dir := reference(t)
	for _, w := range broken(t, dir) {
		t.Error(w)
	}
	// The checker finds a missing page and bad links.
	if err := os.Remove(filepath.Join(dir, "matrix/blocked-lock/index.html")); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(dir, "index.html")
	text, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(index, append(text, `<a href="https://example.com/">x</a><a href="#none">y</a>`...),
		0o666); err != nil {
		t.Fatal(err)
	}
	list := strings.Join(broken(t, dir), "\n")
	for _, want := range []string{"matrix/blocked-lock/index.html leads nowhere", "https://example.com/ leads outside",
		"there is no #none"} {
		if !strings.Contains(list, want) {
			t.Errorf("not found: %s", want)
		}
	}
}

func TestExportDoesNotOverwrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(dir, nil, "x"); err == nil ||
		!strings.Contains(err.Error(), "is not empty: delete it, or name another directory") {
		t.Errorf("error %v", err)
	}
	file := filepath.Join(dir, "mine")
	for _, to := range []string{file, filepath.Join(file, "below")} {
		if _, err := Write(to, nil, "x"); err == nil ||
			!strings.Contains(err.Error(), "is a file, or below one: name a directory") {
			t.Errorf("%s: error %v", to, err)
		}
	}
}
