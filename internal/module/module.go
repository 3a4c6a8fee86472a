// Package module knows the path of this module, so that no other code spells it, and how names of functions are made
// of such paths: a fork or a published copy only changes go.mod and the imports.
package module

import (
	"reflect"
	"strings"
)

type here struct{}

// Path returns the path of the module, such as example.org/crawlbench.
func Path() string { return strings.TrimSuffix(reflect.TypeFor[here]().PkgPath(), "/internal/module") }

// Package returns the path of a package of the module, such as internal/web.
func Package(name string) string { return Path() + "/" + name }

// Function drops the directories of its package from the name of a function.
func Function(name string) string {
	generic := strings.IndexByte(name, '[') // type arguments may hold paths
	if generic < 0 {
		generic = len(name)
	}
	return name[strings.LastIndexByte(name[:generic], '/')+1:]
}
