package starter

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"

	"crawlbench/internal/module"
)

// Source is where a new module gets crawlbench from.
type Source struct {
	version  string   // of a published module; "" for a checkout
	checkout string   // its directory
	golang   string   // the version of Go that it needs
	requires []string // modules that it requires, each with its version
	sums     string   // its go.sum

	// Workspace is the go.work file that go commands in the new module would use, and that does not list it; "" if
	// there is none.
	Workspace string
}

// Published reports whether the module comes from a proxy, so that "go mod tidy" must find its requirements.
func (s Source) Published() bool { return s.version != "" }

// Find returns the source of the program with build information info: the published version that it was built from, or
// the checkout in dir, or if dir is "" the one that it was built in.
func Find(info *debug.BuildInfo, dir string) (Source, error) {
	if dir == "" {
		if v := published(info); v != "" {
			return Source{version: v, golang: strings.TrimPrefix(strings.Fields(runtime.Version())[0], "go")}, nil
		}
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(file), "..", "..", "..")
	}
	const remedy = "give the directory of a checkout with -checkout"
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Source{}, fmt.Errorf("find the checkout of crawlbench: %w: %s", err, remedy)
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return Source{}, fmt.Errorf("find the checkout of crawlbench: %w: %s", err, remedy)
	}
	if name := directive("module", text); name != module.Path() {
		return Source{}, fmt.Errorf("find the checkout of crawlbench: %s has module %q: want %q: %s", dir, name,
			module.Path(), remedy)
	}
	s := Source{checkout: dir, golang: directive("go", text)}
	for _, m := range regexp.MustCompile(`(?m)^(?:require )?\s*(\S+ v[0-9]\S*)`).FindAllSubmatch(text, -1) {
		s.requires = append(s.requires, string(m[1]))
	}
	sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	s.sums = string(sums)
	return s, err
}

// directive returns the argument of a directive of a go.mod.
func directive(name string, text []byte) string {
	m := regexp.MustCompile(`(?m)^` + name + ` "?([^\s"]+)`).FindSubmatch(text)
	if m == nil {
		return ""
	}
	return string(m[1])
}

// published returns the version of this module, if it was downloaded.
func published(info *debug.BuildInfo) string {
	if info == nil {
		return ""
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == module.Path() && m.Replace == nil && m.Sum != "" {
			return m.Version
		}
	}
	return ""
}

// goMod returns the go.mod of a module called name.
func (s Source) goMod(name string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "module %s\n\ngo %s\n\n", name, s.golang)
	if s.Published() {
		fmt.Fprintf(&text, "require %s %s\n", module.Path(), s.version)
		return text.String()
	}
	fmt.Fprintf(&text, "require %s v0.0.0\n\nreplace %[1]s => %s\n", module.Path(), quoted(s.checkout))
	if len(s.requires) > 0 {
		text.WriteString("\nrequire (\n")
		for _, r := range s.requires {
			fmt.Fprintf(&text, "\t%s // indirect\n", r)
		}
		text.WriteString(")\n")
	}
	return text.String()
}

// quoted returns a path as go.mod needs it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\"'`()[]{},") {
		return fmt.Sprintf("%q", path)
	}
	return path
}
