package profile

import (
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// trim drops from p what is not of the crawls.
func trim(p *Profile, kind string) {
	drop := notWaiting
	if kind == "cpu" {
		drop = notCrawling
	}
	p.Sample = slices.DeleteFunc(p.Sample, drop)
	for _, s := range p.Sample {
		delete(s.Label, labelKey)
		s.Location = uncalled(s.Location)
	}
}

// notCrawling reports whether a sample of the CPU profile is neither of a crawl nor of the runtime's own goroutines,
// whose work the crawls caused: above all the collection of their garbage.
func notCrawling(s *profile.Sample) bool {
	if labels := s.Label[labelKey]; len(labels) > 0 {
		return labels[0] != labelCrawl
	}
	names := functions(s)
	if len(names) == 0 {
		return true
	}
	root := names[len(names)-1]
	return !strings.HasPrefix(root, "runtime.") || root == "runtime.main" || slices.ContainsFunc(names, func(name string) bool {
		return strings.HasPrefix(name, "runtime/pprof.") || strings.HasPrefix(name, "runtime.sigprof")
	})
}

// notWaiting reports whether a sample of the block or mutex profile is none of the crawlers' contention: the goroutine
// that called the contender waiting for the others to end, or the runtime recording an event.
func notWaiting(s *profile.Sample) bool {
	names := functions(s)
	if slices.ContainsFunc(names, isRecording) {
		return true
	}
	if !slices.ContainsFunc(names, isCaller) {
		return false
	}
	return slices.ContainsFunc(names, func(name string) bool { return name == "sync.(*WaitGroup).Wait" })
}

// isRecording reports whether name is the recording of block and mutex events, which has locks of its own.
func isRecording(name string) bool {
	return slices.Contains([]string{"runtime.blockevent", "runtime.mutexevent", "runtime.saveblockevent", "runtime.saveBlockEventStack"}, name)
}

// isCaller reports whether name is on the stack of the goroutine that called the contender, and of no other.
func isCaller(name string) bool {
	return strings.HasSuffix(name, "internal/profile.(*Collector).Crawl")
}

// uncalled cuts the harness off a stack of the goroutine that called the contender, so that it begins with the contender.
func uncalled(stack []*profile.Location) []*profile.Location {
	for i, loc := range stack {
		for _, line := range loc.Line {
			if line.Function != nil && i > 0 && (isCaller(line.Function.Name) || strings.Contains(line.Function.Name, "/internal/cell.")) {
				return stack[:i]
			}
		}
	}
	return stack
}

// functions returns the names on the stack of s, leaf first.
func functions(s *profile.Sample) []string {
	var names []string
	for _, loc := range s.Location {
		for _, line := range loc.Line {
			if line.Function != nil {
				names = append(names, line.Function.Name)
			}
		}
	}
	return names
}
