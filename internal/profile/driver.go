package profile

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

// driverMu serialises calls of the driver, which keeps its options in package variables.
var driverMu sync.Mutex

// driverHandlers makes the driver create its HTTP handlers.
func driverHandlers(f Flame) (map[string]http.Handler, error) {
	driverMu.Lock()
	defer driverMu.Unlock()
	if os.Getenv("XDG_CONFIG_HOME") == "" && os.Getenv("HOME") == "" {
		// The driver accepts that there are no settings, but fails without a directory in which to
		// look for them.
		os.Setenv("XDG_CONFIG_HOME", os.TempDir())
		defer os.Unsetenv("XDG_CONFIG_HOME")
	}
	p := f.Profile
	if f.Base != nil && len(p.Mapping) > 0 { // the driver makes the title from this file name
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
		UI:      &silentUI{},
		HTTPServer: func(a *driver.HTTPServerArgs) error {
			handlers = a.Handlers
			return nil
		},
	})
	if err == nil && handlers == nil {
		err = errors.New("pprof returned no handlers")
	}
	return handlers, err
}

// sources provides profiles from memory. It returns no URL, since the driver would then save
// copies.
type sources map[string]*profile.Profile

func (s sources) Fetch(src string, _, _ time.Duration) (*profile.Profile, string, error) {
	p := s[src]
	if p == nil {
		return nil, "", fmt.Errorf("no profile %q", src)
	}
	return p.Copy(), "", nil
}

// noSymbols and noObjects replace tools that look up symbols; a Go profile contains its symbols.
type noSymbols struct{}

func (noSymbols) Symbolize(string, driver.MappingSources, *profile.Profile) error { return nil }

type noObjects struct{}

func (noObjects) Open(string, uint64, uint64, uint64, string) (driver.ObjFile, error) {
	return nil, errors.New("there are no object files")
}

func (noObjects) Disasm(string, uint64, uint64, bool) ([]driver.Inst, error) {
	return nil, errors.New("there are no object files")
}

// silentUI is a terminal without a user.
type silentUI struct{ errors []string }

func (q *silentUI) ReadLine(string) (string, error)              { return "", errors.New("not a terminal") }
func (q *silentUI) Print(args ...any)                            {}
func (q *silentUI) PrintErr(args ...any)                         { q.errors = append(q.errors, fmt.Sprint(args...)) }
func (q *silentUI) IsTerminal() bool                             { return false }
func (q *silentUI) WantBrowser() bool                            { return false }
func (q *silentUI) SetAutoComplete(complete func(string) string) {}

// flags is the command line that the driver sees. All other flags have their defaults.
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
