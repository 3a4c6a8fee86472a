package corpora

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crawlbench/internal/web/page"
)

// pages are collections of real pages.
var pages = []Corpus{
	{
		Module: "github.com/markusmobius/go-trafilatura@v1.12.2",
		Sum:    "h1:JgEto0kDjwTuyXFl6TB+psrs1QGJqTdYJEbLhDy1vrw=",
		Dir:    "test-files",
	},
	{
		Module: "github.com/go-shiori/go-readability@v0.0.0-20251205110129-5db1dc9836f0",
		Sum:    "h1:A3B75Yp163FAIf9nLlFMl4pwIj+T3uKxfI7mbvvY2Ls=",
		Dir:    "test-pages",
	},
}

// TestLinksOfRealPages compares links with the DOM, and canonical URLs with those of a browser.
func TestLinksOfRealPages(t *testing.T) {
	for _, c := range pages {
		t.Run(c.Module, func(t *testing.T) {
			documents, all, repeated, times := 0, 0, 0, 0
			counts := make([]int, len(differences))
			for _, path := range c.Files(t, "*.html") {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				asIs, err := page.Links(nil, pageURL, "text/html", text)
				if err != nil {
					t.Errorf("%s: %v", filepath.Base(path), err)
				}
				text = inUTF8(t, text)
				root := tree(t, text)
				got, want := links(t, text), byDOM(root)
				if !slices.Equal(asIs, got) {
					t.Errorf("%s: by its own charset, its links differ", filepath.Base(path))
				}
				documents, all = documents+1, all+len(want)
				if repeats(want, got) {
					repeated, times = repeated+1, times+len(want)-len(got)
				} else if !slices.Equal(got, want) {
					t.Errorf("%s: %d links, in the DOM %d", filepath.Base(path), len(got), len(want))
				}
				base := baseOf(root)
				at := base.String()
				for _, ref := range references(root, "a", "area") {
					got, _ := page.Canonical(base, ref)
					want := byBrowser(&at, ref)
					if got == want || got == refused && !strings.HasPrefix(want, "http") {
						continue
					}
					if known := explain(ref, got, want); known >= 0 {
						counts[known]++
					} else {
						t.Errorf("%s: %q: %q, in a browser %q: unexplained", filepath.Base(path), ref, got, want)
					}
				}
			}
			if documents < 200 {
				t.Errorf("%d pages, want 200 or more", documents)
			}
			t.Logf("%d pages with %d links in the DOM; on %d pages it repeats %d", documents, all, repeated, times)
			for i, d := range differences {
				t.Logf("%d URLs: %s", counts[i], d.why)
			}
		})
	}
}
