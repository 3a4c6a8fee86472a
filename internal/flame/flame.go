// Package flame opens profiles in pprof's own web UI. Profiles that have been read go in, with a bar that says where the
// reader is; what comes out answers HTTP requests, or is a page that needs no server. It is the only package that knows
// pprof's driver.
package flame

import (
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"

	"github.com/google/pprof/profile"
)

// Flame is what to show: a profile, or its difference from another.
type Flame struct {
	Title   string
	Profile *profile.Profile
	Base    *profile.Profile // subtracted; nil: nothing is
	Bar     []byte           // HTML that stands above each page
}

// hidden returns the pages of pprof's that are not served: those that write the user's settings, and those that read files
// by the names that a profile gives. Without Graphviz there is no graph either.
func hidden() []string {
	list := []string{"/saveconfig", "/deleteconfig", "/source", "/disasm"}
	if _, err := exec.LookPath("dot"); err != nil {
		list = append(list, "/graph")
	}
	return list
}

// Handler returns pprof's pages for f: /flamegraph, to where / leads, /top, /peek, /download, and /graph if there is
// Graphviz. They need no more of f than the driver has kept.
func Handler(f Flame) (http.Handler, error) {
	if len(f.Profile.Sample) == 0 && (f.Base == nil || len(f.Base.Sample) == 0) {
		return nil, fmt.Errorf("show %s: it has no samples: nothing of that kind happened", f.Title)
	}
	handlers, err := pages(f)
	if err != nil {
		return nil, fmt.Errorf("show %s: %w", f.Title, err)
	}
	handlers["/"] = http.NotFoundHandler()
	handlers["/{$}"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "./flamegraph") // relative, since the caller may have cut off the beginning of the path
		w.WriteHeader(http.StatusFound)
	})
	for _, path := range hidden() {
		handlers[path] = http.NotFoundHandler()
	}
	mux := http.NewServeMux()
	for path, h := range handlers {
		mux.Handle(path, h)
	}
	return barred(mux, append(menus(), f.Bar...)), nil
}

// menus hides the entries that lead to what is not served, and on a phone the title, which the bar says better.
func menus() []byte {
	style := "<style>#list,#disasm,#config,#action-source,#action-source-tab"
	for _, path := range hidden() {
		if path == "/graph" {
			style += ",#graphbtn"
		}
	}
	return []byte(style + "{display:none}@media(max-width:799px){.header .description{display:none}}</style>")
}

// barred puts bar on top of the HTML pages of h.
func barred(h http.Handler, bar []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := &kept{header: w.Header()}
		h.ServeHTTP(page, r)
		text := page.text.Bytes()
		if strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || bytes.HasPrefix(text, []byte("<!DOCTYPE html>")) {
			text = bytes.Replace(text, []byte("<body>"), append([]byte("<body>"), bar...), 1)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		if page.code != 0 {
			w.WriteHeader(page.code)
		}
		w.Write(text)
	})
}

// kept is an answer that is kept.
type kept struct {
	header http.Header
	code   int
	text   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(code int)        { k.code = code }
func (k *kept) Write(p []byte) (int, error) { return k.text.Write(p) }

// Size returns about how many bytes its handler keeps: the profile as it was read, and once more as it is written.
func (f Flame) Size() int {
	size := 0
	for _, p := range []*profile.Profile{f.Profile, f.Base} {
		if p == nil {
			continue
		}
		size += 400 * (len(p.Location) + len(p.Function))
		for _, s := range p.Sample {
			size += 200 + 24*len(s.Location) + 16*len(s.Value)
		}
	}
	return size
}
