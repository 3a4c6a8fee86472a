package conform

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"syscall"
	"time"
)

// process is what belongs to the whole process, and what a crawl must leave as it was.
type process struct {
	settings map[string]string
	environ  []string
	files    map[string]string // by descriptor; nil if they cannot be listed
}

// now returns the state of this process.
func now() process {
	if r, w, err := os.Pipe(); err == nil { // with the first one the runtime opens descriptors of its own
		r.Close()
		w.Close()
	}
	p := process{settings: map[string]string{"GOMAXPROCS": fmt.Sprint(runtime.GOMAXPROCS(0))}, environ: slices.Sorted(slices.Values(os.Environ()))}
	samples := []metrics.Sample{{Name: "/gc/gogc:percent"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(samples)
	p.settings["the GC percent"] = percent(samples[0].Value.Uint64())
	p.settings["the memory limit"] = fmt.Sprint(samples[1].Value.Uint64(), " bytes")
	p.settings["the working directory"], _ = os.Getwd()
	p.settings["runtime.MemProfileRate"] = fmt.Sprint(runtime.MemProfileRate)
	p.settings["the mutex profile fraction"] = fmt.Sprint(runtime.SetMutexProfileFraction(-1))
	p.settings["time.Local"] = fmt.Sprintf("%p", time.Local)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE} {
		p.settings["whether the signal "+sig.String()+" is ignored"] = fmt.Sprint(signal.Ignored(sig))
	}
	p.settings["os.Args"] = fmt.Sprintf("%q", os.Args)
	for name, f := range map[string]*os.File{"os.Stdin": os.Stdin, "os.Stdout": os.Stdout, "os.Stderr": os.Stderr} {
		p.settings[name] = fmt.Sprintf("file %p", f)
	}
	const dir = "/proc/self/fd"
	if names, err := os.ReadDir(dir); err == nil {
		p.files = map[string]string{}
		for _, n := range names {
			if to, err := os.Readlink(filepath.Join(dir, n.Name())); err == nil && !strings.HasSuffix(to, "/fd") { // of ReadDir itself
				p.files[n.Name()] = to
			}
		}
	}
	return p
}

// percent writes the GC percent as debug.SetGCPercent takes it; -1 is off.
func percent(n uint64) string { return fmt.Sprint(int64(n)) }

// changed returns what differs between p and what came after it, one sentence each.
func (p process) changed(after process) []string {
	var list []string
	for name, was := range p.settings {
		if is := after.settings[name]; is != was {
			list = append(list, fmt.Sprintf("%s was %s before the crawl and is %s after it", name, was, is))
		}
	}
	for _, v := range after.environ {
		if !slices.Contains(p.environ, v) {
			list = append(list, fmt.Sprintf("the environment has %.60q, which it had not before", v))
		}
	}
	for _, v := range p.environ {
		if name, _, _ := strings.Cut(v, "="); !slices.ContainsFunc(after.environ, func(w string) bool { return strings.HasPrefix(w, name+"=") }) {
			list = append(list, fmt.Sprintf("the environment has no %s any more", name))
		}
	}
	if p.files != nil && after.files == nil {
		return append(list, "the open files can no longer be listed: there are too many")
	}
	var left []string
	for fd, to := range after.files {
		if p.files[fd] != to {
			left = append(left, to)
		}
	}
	for fd, was := range p.files {
		if _, ok := after.files[fd]; !ok {
			list = append(list, fmt.Sprintf("descriptor %s (%s) was closed", fd, was))
		}
	}
	if slices.Sort(left); len(left) > 0 {
		list = append(list, fmt.Sprintf("%d files or connections were left open, %s the first", len(left), left[0]))
	}
	slices.Sort(list)
	return list
}
