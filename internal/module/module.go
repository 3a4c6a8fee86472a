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

// Function returns the short name of a function: without the directories of its package, and with [...] for its type
// arguments. Profiles name the shape of these ([go.shape.uint32]); traces and panics do not.
func Function(name string) string {
	from := strings.IndexByte(name, '[') // type arguments may hold paths and brackets
	if from < 0 {
		return name[strings.LastIndexByte(name, '/')+1:]
	}
	begin := strings.LastIndexByte(name[:from], '/') + 1
	if to := strings.LastIndexByte(name, ']'); from > begin && to > from {
		return name[begin:from] + "[...]" + name[to+1:]
	}
	return name[begin:]
}
