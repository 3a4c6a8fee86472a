package cell

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"crawlbench/internal/web"
)

// surroundings are what of the process, beside its memory and goroutines, outlives a crawl.
type surroundings struct {
	dir      string
	env      map[string]string
	files    map[string]string // by number what the open files are
	unlisted error             // why they cannot be listed
	kernel   map[string]string // what the kernel keeps for the process, as far as it tells
	children bool              // there is a child process, running or not waited for
}

func look() surroundings {
	s := surroundings{env: map[string]string{}, files: map[string]string{}, kernel: kernel(), children: hasChildren()}
	s.dir, _ = os.Getwd()
	for _, line := range os.Environ() {
		name, value, _ := strings.Cut(line, "=")
		s.env[name] = value
	}
	const fds = "/proc/self/fd"
	numbers, err := os.ReadDir(fds)
	s.unlisted = err
	for _, n := range numbers {
		// The runtime opens what it polls with when it first has to, which is an inode without a name; and the list is
		// itself a file, gone by now.
		if is, err := os.Readlink(filepath.Join(fds, n.Name())); err == nil && !strings.HasPrefix(is, "anon_inode:") {
			s.files[n.Name()] = is
		}
	}
	return s
}

// kernel returns the limits, the mask of new files' rights, and which signals are ignored; nothing but on Linux.
func kernel() map[string]string {
	kept := map[string]string{}
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if name == "Umask" || name == "SigIgn" {
			kept[name] = strings.TrimSpace(value)
		}
	}
	limits, _ := os.ReadFile("/proc/self/limits")
	for line := range strings.Lines(string(limits)) {
		if name, value, ok := strings.Cut(line, "  "); ok {
			kept[name] = strings.Join(strings.Fields(value), " ")
		}
	}
	return kept
}

// changes returns what the crawls have changed since s.
func (s surroundings) changes(now surroundings) (v web.Violations) {
	wrong := func(format string, args ...any) { v = append(v, fmt.Sprintf(format, args...)) }
	if now.dir != s.dir {
		wrong("the working directory is %s after the crawls, it was %s before", now.dir, s.dir)
	}
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		if value, ok := now.env[name]; !ok {
			wrong("the environment variable %s is not set after the crawls, it was before", name)
		} else if value != s.env[name] {
			wrong("the environment variable %s is %q after the crawls, it was %q before", name, value, s.env[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.env)) {
		if _, ok := s.env[name]; !ok {
			wrong("the environment variable %s is set after the crawls, it was not before", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.kernel)) {
		if value, ok := now.kernel[name]; ok && value != s.kernel[name] {
			wrong("the kernel's %s is %s after the crawls, it was %s before", name, value, s.kernel[name])
		}
	}
	opened, example := 0, ""
	for n, is := range now.files {
		if s.files[n] != is {
			opened++
			example = is
		}
	}
	if opened > 0 {
		wrong("%d files are open after the crawls that were not before (%s)", opened, example)
	}
	if now.unlisted != nil && s.unlisted == nil { // for want of another descriptor
		wrong("the open files cannot be listed any more after the crawls: %v", now.unlisted)
	}
	if now.children && !s.children {
		wrong("there is a child process after the crawls, or one that was not waited for")
	}
	return v
}
