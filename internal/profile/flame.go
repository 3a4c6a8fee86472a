package profile

import (
	"bytes"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"

	"github.com/google/pprof/profile"
)

// Flame is a profile to show, or the difference of two.
type Flame struct {
	Title   string
	Profile *profile.Profile
	Base    *profile.Profile // to subtract; nil: nothing
	Bar     []byte           // HTML to show on top of each page
}

// hidden returns the paths of pprof's pages that are not served: those that write the user's
// settings, and those that read files named in a profile. Without Graphviz there is no graph
// either.
func hidden() []string {
	list := []string{"/saveconfig", "/deleteconfig", "/source", "/disasm"}
	if _, err := exec.LookPath("dot"); err != nil {
		list = append(list, "/graph")
	}
	return list
}

// Handler returns pprof's pages for f: /flamegraph, to which / redirects, /top, /peek, /download,
// and /graph if Graphviz is installed. The handler keeps no reference to f.
func Handler(f Flame) (http.Handler, error) {
	if len(f.Profile.Sample) == 0 && (f.Base == nil || len(f.Base.Sample) == 0) {
		return nil, fmt.Errorf("show %s: it has no samples: no such event was recorded", f.Title)
	}
	handlers, err := driverHandlers(f)
	if err != nil {
		return nil, fmt.Errorf("show %s: %w", f.Title, err)
	}
	handlers["/"] = http.NotFoundHandler()
	handlers["/{$}"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "./flamegraph") // relative, since the caller may have stripped a prefix of the path
		w.WriteHeader(http.StatusFound)
	})
	for _, path := range hidden() {
		handlers[path] = http.NotFoundHandler()
	}
	mux := http.NewServeMux()
	for path, h := range handlers {
		mux.Handle(path, h)
	}
	return withBar(mux, append(menus(), f.Bar...)), nil
}

// menus hides the menu entries of pages that are not served, and on a phone the title, which the
// bar repeats.
func menus() []byte {
	style := "<style>#list,#disasm,#config,#action-source,#action-source-tab"
	for _, path := range hidden() {
		if path == "/graph" {
			style += ",#graphbtn"
		}
	}
	return []byte(style + "{display:none}@media(max-width:799px){.header .description{display:none}}</style>")
}

// withBar inserts bar at the top of the HTML pages of h.
func withBar(h http.Handler, bar []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := &bufferedResponse{header: w.Header()}
		h.ServeHTTP(page, r)
		text := page.text.Bytes()
		if strings.HasPrefix(page.header.Get("Content-Type"), "text/html") ||
			bytes.HasPrefix(text, []byte("<!DOCTYPE html>")) {
			text = bytes.Replace(text, []byte("<body>"), append([]byte("<body>"), bar...), 1)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		if page.code != 0 {
			w.WriteHeader(page.code)
		}
		w.Write(text)
	})
}

// bufferedResponse is a response kept in memory.
type bufferedResponse struct {
	header http.Header
	code   int
	text   bytes.Buffer
}

func (k *bufferedResponse) Header() http.Header         { return k.header }
func (k *bufferedResponse) WriteHeader(code int)        { k.code = code }
func (k *bufferedResponse) Write(p []byte) (int, error) { return k.text.Write(p) }

// Size estimates the bytes that the handler keeps: the profile in memory, and its encoded form.
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
