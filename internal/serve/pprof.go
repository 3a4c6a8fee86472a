// Package serve shows profiles in pprof's own web UI, on this machine only. It takes profiles that have been read, and
// answers HTTP requests; it is the only package that knows net/http and pprof's driver.
package serve

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/pprof/driver"
	"github.com/google/pprof/profile"
)

// Flame is what to show: a profile, or its difference from another.
type Flame struct {
	Title   string
	Profile *profile.Profile
	Base    *profile.Profile // subtracted; nil: nothing is
}

// hidden returns the pages of pprof's that are not served: those that write the user's settings, and those that read files
// by the names that a profile gives.
func hidden() []string {
	return []string{"/saveconfig", "/deleteconfig", "/source", "/disasm"}
}

// Handler returns pprof's web UI for f: the flame graph at /ui/flamegraph, where / and /ui/ lead. Handlers must not be
// made concurrently: pprof's driver keeps what it was called with in variables of its own.
func Handler(f Flame) (http.Handler, error) {
	if len(f.Profile.Sample) == 0 && (f.Base == nil || len(f.Base.Sample) == 0) {
		return nil, fmt.Errorf("show %s: it has no samples: nothing of that kind happened", f.Title)
	}
	handlers, err := pages(f)
	if err != nil {
		return nil, fmt.Errorf("show %s: %w", f.Title, err)
	}
	ui := http.NewServeMux()
	for _, path := range hidden() {
		handlers[path] = http.NotFoundHandler()
	}
	for path, h := range handlers {
		ui.Handle(path, h)
	}
	mux := http.NewServeMux()
	mux.Handle("/ui/", http.StripPrefix("/ui", ui))
	for _, path := range []string{"/{$}", "/ui/{$}"} {
		mux.Handle(path, http.RedirectHandler("/ui/flamegraph", http.StatusFound))
	}
	return mux, nil
}

// pages lets the driver make its handlers.
func pages(f Flame) (map[string]http.Handler, error) {
	if os.Getenv("XDG_CONFIG_HOME") == "" && os.Getenv("HOME") == "" {
		// The driver looks for its settings, finds none, and is content; without a place to look it fails.
		os.Setenv("XDG_CONFIG_HOME", os.TempDir())
		defer os.Unsetenv("XDG_CONFIG_HOME")
	}
	args := flags{args: []string{"profile"}, strings: map[string]string{"http": "localhost:0"}}
	if f.Base != nil {
		args.lists = map[string][]string{"diff_base": {"base"}}
	}
	var handlers map[string]http.Handler
	err := driver.PProf(&driver.Options{
		Flagset: &args,
		Fetch:   sources{"profile": f.Profile, "base": f.Base},
		Sym:     noSymbols{},
		Obj:     noObjects{},
		UI:      &quiet{},
		HTTPServer: func(a *driver.HTTPServerArgs) error {
			handlers = a.Handlers
			return nil
		},
	})
	if err == nil && handlers == nil {
		err = errors.New("pprof gave no pages")
	}
	return handlers, err
}

// sources gives the driver profiles from memory. It returns no URL, upon which the driver would save copies.
type sources map[string]*profile.Profile

func (s sources) Fetch(src string, _, _ time.Duration) (*profile.Profile, string, error) {
	p := s[src]
	if p == nil {
		return nil, "", fmt.Errorf("no profile %q", src)
	}
	return p.Copy(), "", nil
}

// noSymbols and noObjects stand for tools that would look up symbols; a profile of Go has them.
type noSymbols struct{}

func (noSymbols) Symbolize(string, driver.MappingSources, *profile.Profile) error { return nil }

type noObjects struct{}

func (noObjects) Open(string, uint64, uint64, uint64, string) (driver.ObjFile, error) {
	return nil, errors.New("there are no object files")
}

func (noObjects) Disasm(string, uint64, uint64, bool) ([]driver.Inst, error) {
	return nil, errors.New("there are no object files")
}

// quiet is a terminal that nobody sits at.
type quiet struct{ said []string }

func (q *quiet) ReadLine(string) (string, error)              { return "", errors.New("nobody is there") }
func (q *quiet) Print(args ...any)                            {}
func (q *quiet) PrintErr(args ...any)                         { q.said = append(q.said, fmt.Sprint(args...)) }
func (q *quiet) IsTerminal() bool                             { return false }
func (q *quiet) WantBrowser() bool                            { return false }
func (q *quiet) SetAutoComplete(complete func(string) string) {}

// flags is the command line that the driver sees. Every flag has its default but those given here.
type flags struct {
	args    []string
	strings map[string]string
	lists   map[string][]string
}

func (f *flags) Bool(_ string, def bool, _ string) *bool          { return &def }
func (f *flags) Int(_ string, def int, _ string) *int             { return &def }
func (f *flags) Float64(_ string, def float64, _ string) *float64 { return &def }
func (f *flags) ExtraUsage() string                               { return "" }
func (f *flags) AddExtraUsage(string)                             {}
func (f *flags) Parse(func()) []string                            { return f.args }

func (f *flags) String(name, def, _ string) *string {
	if v, ok := f.strings[name]; ok {
		def = v
	}
	return &def
}

func (f *flags) StringList(name, def, _ string) *[]*string {
	list := []*string{}
	for _, v := range f.lists[name] {
		list = append(list, &v)
	}
	if len(list) == 0 && def != "" {
		list = append(list, &def)
	}
	return &list
}

// local reports whether host, as a request names it, is this machine: a page of another name that leads here is an
// attack by DNS rebinding.
func local(host string) bool {
	name := host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name = host[:i]
	}
	return name == "localhost" || name == "127.0.0.1" || name == "[::1]"
}
