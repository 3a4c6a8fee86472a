package profile

import (
	"slices"
	"strings"

	"github.com/google/pprof/profile"

	"crawlbench/internal/module"
)

// dropped returns whether a sample of that kind of profile does not belong to the crawls.
func dropped(kind string) func(*profile.Sample) bool {
	if kind == "cpu" {
		return notCrawling
	}
	return isForeignWait
}

// trim removes the harness's frames and labels from p.
func trim(p *Profile) {
	for _, s := range p.Sample {
		delete(s.Label, labelKey)
		s.Location = withoutHarness(s.Location)
	}
}

// notCrawling reports whether a sample of the CPU profile belongs neither to a crawl nor to the
// runtime's own goroutines, whose work, above all garbage collection, is caused by the crawls.
func notCrawling(s *profile.Sample) bool {
	if labels := s.Label[labelKey]; len(labels) > 0 {
		return !strings.HasPrefix(labels[0], labelCrawl)
	}
	names := functions(s)
	if len(names) == 0 {
		return true
	}
	root := names[len(names)-1]
	return !strings.HasPrefix(root, "runtime.") || root == "runtime.main" ||
		slices.ContainsFunc(names, func(name string) bool {
			return strings.HasPrefix(name, "runtime/pprof.") || strings.HasPrefix(name, "runtime.sigprof")
		})
}

// isForeignWait reports whether a sample of the block or mutex profile is not contention of the
// crawler: the goroutine that called the crawler joining the others, or the runtime recording an
// event or starting the workers of the first garbage collection.
func isForeignWait(s *profile.Sample) bool {
	names := functions(s)
	if slices.ContainsFunc(names, isRecording) || slices.Contains(names, "runtime.gcBgMarkStartWorkers") {
		return true
	}
	if !slices.ContainsFunc(names, isCaller) {
		return false
	}
	return slices.ContainsFunc(names, func(name string) bool { return name == "sync.(*WaitGroup).Wait" })
}

// isRecording reports whether name belongs to the recording of block and mutex events, which has
// locks of its own.
func isRecording(name string) bool {
	return slices.Contains([]string{"runtime.blockevent", "runtime.mutexevent", "runtime.saveblockevent",
		"runtime.saveBlockEventStack"}, name)
}

// isCaller reports whether name is found only on the stack of the goroutine that called the
// crawler.
func isCaller(name string) bool {
	return name == module.Package("internal/profile.(*Collector).Crawl")
}

// withoutHarness removes the harness's frames from the stack of the goroutine that called the
// crawler.
func withoutHarness(stack []*profile.Location) []*profile.Location {
	for i, loc := range stack {
		for _, line := range loc.Line {
			if line.Function != nil && i > 0 && (isCaller(line.Function.Name) ||
				strings.HasPrefix(line.Function.Name, module.Package("internal/measure."))) {
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
