package graph

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// IsFileKind reports whether name is a kind of graph that is read from a file.
func IsFileKind(name string) bool {
	return slices.Contains(kindNames(func(k Kind) bool { return k.format != "" }), name)
}

// FileKind returns the kind of the graph in a file, by its name; an edge list if the name does not tell.
func FileKind(path string) string {
	base := strings.TrimSuffix(filepath.Base(path), ".gz")
	switch {
	case strings.HasSuffix(base, ".cbg"):
		return "file"
	case strings.HasSuffix(base, ".mtx"):
		return "mtx"
	case strings.HasSuffix(base, ".gr"):
		return "dimacs"
	case strings.HasSuffix(base, ".metis"):
		return "metis"
	case strings.HasPrefix(base, "out."):
		return "konect"
	case strings.HasSuffix(base, ".graph"):
		if _, err := os.Stat(strings.TrimSuffix(path, ".graph") + ".properties"); err == nil {
			return "bvgraph"
		}
		return "metis"
	}
	return "edges"
}
