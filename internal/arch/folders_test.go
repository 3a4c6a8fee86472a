package arch_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// folder returns the folder of a package in which a reader of the tree finds it: one of the top level, or one in
// internal.
func folder(path string) string {
	parts := strings.Split(path, "/")
	if parts[0] == "internal" && len(parts) > 1 {
		return "internal/" + parts[1]
	}
	return parts[0]
}

// folderImports returns, for each folder, the other folders that its packages import from.
func folderImports(list []pkg) map[string][]string {
	of := map[string][]string{}
	for _, p := range list {
		from := folder(p.path())
		for _, imp := range p.Imports {
			own, ok := strings.CutPrefix(imp, prefix)
			if to := folder(own); ok && to != from && !slices.Contains(of[from], to) {
				of[from] = append(of[from], to)
			}
		}
	}
	return of
}

// cycle returns folders of which each imports the next, from one back to itself; nil if there are none.
func cycle(imports map[string][]string) []string {
	var path []string
	done := map[string]bool{}
	var visit func(string) []string
	visit = func(f string) []string {
		if i := slices.Index(path, f); i >= 0 {
			return append(slices.Clone(path[i:]), f)
		}
		if done[f] {
			return nil
		}
		path = append(path, f)
		for _, to := range imports[f] {
			if found := visit(to); found != nil {
				return found
			}
		}
		path = path[:len(path)-1]
		done[f] = true
		return nil
	}
	for _, f := range slices.Sorted(maps.Keys(imports)) {
		if found := visit(f); found != nil {
			return found
		}
	}
	return nil
}

// The compiler forbids cycles of packages. Folders that import each other would be as hard to read.
func TestFoldersHaveNoCycle(t *testing.T) {
	imports := folderImports(packages(t))
	if len(imports["internal/cli"]) == 0 {
		t.Errorf("no imports of internal/cli: %v", imports)
	}
	if found := cycle(imports); found != nil {
		t.Errorf("%s: want imports in one direction: move one of their packages",
			strings.Join(found, " imports from "))
	}
}

func TestCyclesOfFoldersAreFound(t *testing.T) {
	p := func(path string, imports ...string) pkg {
		list := []string{"net/http"}
		for _, imp := range imports {
			list = append(list, prefix+imp)
		}
		return pkg{ImportPath: prefix + path, Imports: list}
	}
	right := []pkg{
		p("bench", "internal/a"), p("internal/a", "internal/a/x", "internal/b"), p("internal/a/x", "internal/c/y"),
		p("internal/b", "internal/c"), p("internal/c", "internal/c/y"),
	}
	if found := cycle(folderImports(right)); found != nil {
		t.Errorf("%v, want no cycle", found)
	}
	wrong := append(right, p("internal/c/z", "internal/b"))
	want := []string{"internal/b", "internal/c", "internal/b"}
	if found := cycle(folderImports(wrong)); !slices.Equal(found, want) {
		t.Errorf("%v, want %v", found, want)
	}
}
