// Package scenarios embeds the scenario files that come with crawlbench.
package scenarios

import (
	"embed"
	"strings"
)

//go:embed *.toml
var files embed.FS

// Names returns the names of the scenarios, without .toml, in alphabetical order.
func Names() []string {
	entries, _ := files.ReadDir(".") // an embedded directory can always be read
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".toml")
	}
	return names
}

// Read returns the text of a scenario. Its errors are those of fs.ReadFile.
func Read(name string) ([]byte, error) { return files.ReadFile(name + ".toml") }
