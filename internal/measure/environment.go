package measure

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"crawlbench/internal/host"
	"crawlbench/internal/web"
)

// environment is the process state, other than memory and goroutines, that outlives a crawl.
type environment struct {
	dir      string
	vars     map[string]string
	files    map[string]string // targets of the open files, by descriptor
	unlisted error             // why the open files cannot be listed
	kernel   map[string]string // kernel settings of the process, by name; empty except on Linux
	children bool              // there is a child process that is running or has not been waited for
}

// readEnvironment returns the current environment of this process.
func readEnvironment() environment {
	s := environment{
		vars:     map[string]string{},
		files:    map[string]string{},
		kernel:   host.KernelSettings(),
		children: hasChildren(),
	}
	s.dir, _ = os.Getwd()
	for _, line := range os.Environ() {
		name, value, _ := strings.Cut(line, "=")
		s.vars[name] = value
	}
	const fds = "/proc/self/fd"
	numbers, err := os.ReadDir(fds)
	s.unlisted = err
	for _, n := range numbers {
		// The runtime opens its poller, an anonymous inode, on first use. The directory listing itself is a file too,
		// already closed here.
		if target, err := os.Readlink(filepath.Join(fds, n.Name())); err == nil &&
			!strings.HasPrefix(target, "anon_inode:") {
			s.files[n.Name()] = target
		}
	}
	return s
}

// compare returns what the crawls have changed since s.
func (s environment) compare(now environment) (v web.Violations) {
	wrong := func(format string, args ...any) { v = append(v, fmt.Sprintf(format, args...)) }
	if now.dir != s.dir {
		wrong("the crawls changed the working directory from %s to %s", s.dir, now.dir)
	}
	for _, name := range slices.Sorted(maps.Keys(s.vars)) {
		if value, ok := now.vars[name]; !ok {
			wrong("the crawls unset the environment variable %s", name)
		} else if value != s.vars[name] {
			wrong("the crawls changed the environment variable %s from %q to %q", name, s.vars[name], value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.vars)) {
		if _, ok := s.vars[name]; !ok {
			wrong("the crawls set the environment variable %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.kernel)) {
		if value, ok := now.kernel[name]; ok && value != s.kernel[name] {
			wrong("the crawls changed the process's %s from %s to %s", name, s.kernel[name], value)
		}
	}
	opened, example := 0, ""
	for fd, target := range now.files {
		if s.files[fd] != target {
			opened++
			example = target
		}
	}
	if opened > 0 {
		wrong("the crawls left %d files open (one is %s)", opened, example)
	}
	if now.unlisted != nil && s.unlisted == nil { // no descriptor is free
		wrong("the open files can no longer be listed after the crawls: %v", now.unlisted)
	}
	if now.children && !s.children {
		wrong("the crawls left a child process that is running or was not waited for")
	}
	return v
}
