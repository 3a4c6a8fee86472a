package flame

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/google/pprof/driver"
	"github.com/google/pprof/profile"
)

// making lets one at a time call the driver, which keeps what it was called with in variables of its package.
var making sync.Mutex

// pages lets the driver make its handlers.
func pages(f Flame) (map[string]http.Handler, error) {
	making.Lock()
	defer making.Unlock()
	if os.Getenv("XDG_CONFIG_HOME") == "" && os.Getenv("HOME") == "" {
		// The driver looks for its settings, finds none, and is content; without a place to look it fails.
		os.Setenv("XDG_CONFIG_HOME", os.TempDir())
		defer os.Unsetenv("XDG_CONFIG_HOME")
	}
	p := f.Profile
	if f.Base != nil && len(p.Mapping) > 0 { // of which the driver makes the title
		p = p.Copy()
		p.Mapping[0].File = f.Title
	}
	args := flags{args: []string{"profile"}, strings: map[string]string{"http": "localhost:0"}}
	if f.Base != nil {
		args.lists = map[string][]string{"diff_base": {"base"}}
	}
	var handlers map[string]http.Handler
	err := driver.PProf(&driver.Options{
		Flagset: &args,
		Fetch:   sources{"profile": p, "base": f.Base},
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
