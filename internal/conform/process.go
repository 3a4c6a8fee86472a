package conform

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strings"
	"syscall"
	"time"

	"crawlbench/internal/host"
)

// process is the state of the process that a crawl must not change.
type process struct {
	settings map[string]string
	environ  []string
	files    map[string]string // by descriptor; nil if they cannot be listed
	temp     []string          // the files in the temporary directory; nil if it is shared
}

// now returns the state of this process.
func now() process {
	if r, w, err := os.Pipe(); err == nil { // the first one makes the runtime open its own descriptors
		r.Close()
		w.Close()
	}
	p := process{settings: map[string]string{"GOMAXPROCS": fmt.Sprint(runtime.GOMAXPROCS(0))},
		environ: slices.Sorted(slices.Values(os.Environ()))}
	samples := []metrics.Sample{{Name: "/gc/gogc:percent"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(samples)
	p.settings["the GC percent"] = percent(samples[0].Value.Uint64())
	p.settings["the memory limit"] = fmt.Sprint(samples[1].Value.Uint64(), " bytes")
	p.settings["the working directory"], _ = os.Getwd()
	p.settings["runtime.MemProfileRate"] = fmt.Sprint(runtime.MemProfileRate)
	p.settings["the mutex profile fraction"] = fmt.Sprint(runtime.SetMutexProfileFraction(-1))
	p.settings["time.Local"] = fmt.Sprintf("%p", time.Local)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGPIPE} {
		p.settings["signal.Ignored("+sig.String()+")"] = fmt.Sprint(signal.Ignored(sig))
	}
	p.settings["debug.SetMaxThreads"] = fmt.Sprint(reads(debug.SetMaxThreads, 10_000))
	p.settings["debug.SetMaxStack"] = fmt.Sprint(reads(debug.SetMaxStack, 1_000_000_000))
	for name, value := range host.KernelSettings() {
		if name != "SigIgn" { // signal.Ignored says which
			p.settings["the process's "+name] = value
		}
	}
	p.settings["block profiling"] = fmt.Sprint(profilesBlocking())
	p.settings["execution tracing"] = fmt.Sprint(trace.IsEnabled())
	p.settings["slog.Default()"] = fmt.Sprintf("logger %p", slog.Default())
	p.settings["the output of package log"] = writer(log.Writer())
	p.settings["flags and prefix of package log"] = fmt.Sprintf("%d %q", log.Flags(), log.Prefix())
	p.settings["os.Args"] = fmt.Sprintf("%q", os.Args)
	for name, f := range map[string]*os.File{"os.Stdin": os.Stdin, "os.Stdout": os.Stdout, "os.Stderr": os.Stderr} {
		p.settings[name] = fmt.Sprintf("file %p", f)
	}
	const dir = "/proc/self/fd"
	if names, err := os.ReadDir(dir); err == nil {
		p.files = map[string]string{}
		for _, n := range names {
			// the one that ReadDir opens is ignored
			if to, err := os.Readlink(filepath.Join(dir, n.Name())); err == nil && !strings.HasSuffix(to, "/fd") {
				p.files[n.Name()] = to
			}
		}
	}
	if temp := os.TempDir(); strings.HasPrefix(filepath.Base(temp), tempPrefix) {
		if list, err := os.ReadDir(temp); err == nil {
			for _, e := range list {
				p.temp = append(p.temp, e.Name())
			}
		}
	}
	return p
}

// writer identifies w.
func writer(w io.Writer) string {
	if f, ok := w.(*os.File); ok {
		return fmt.Sprintf("file %p", f)
	}
	return fmt.Sprintf("%T", w)
}

// tempPrefix is the prefix of the name of a temporary directory that only one check uses.
const tempPrefix = "crawlbench-check-"

// reads returns the value that set sets, which can be read only by setting another, any.
func reads(set func(int) int, other int) int {
	value := set(other)
	set(value)
	return value
}

// profilesBlocking reports whether the block profile counts a wait. Its rate cannot be read.
func profilesBlocking() bool {
	begin := blockings()
	c := make(chan int)
	go func() {
		nap(100 * time.Microsecond)
		c <- 1
	}()
	<-c
	return blockings() > begin
}

// blockings returns how many waits the block profile has counted.
func blockings() (n int64) {
	list := make([]runtime.BlockProfileRecord, 1000)
	n1, ok := runtime.BlockProfile(list)
	if !ok {
		list = make([]runtime.BlockProfileRecord, 2*n1)
		n1, _ = runtime.BlockProfile(list)
	}
	for _, r := range list[:min(n1, len(list))] {
		n += r.Count
	}
	return n
}

// labelled reports whether a goroutine has pprof labels.
func labelled() bool {
	var text bytes.Buffer
	return pprof.Lookup("goroutine").WriteTo(&text, 1) == nil && bytes.Contains(text.Bytes(), []byte("# labels: "))
}

// percent formats the GC percent as the argument of debug.SetGCPercent; -1 is off.
func percent(n uint64) string { return fmt.Sprint(int64(n)) }

// changed returns the differences between p and a later state, a sentence for each.
func (p process) changed(after process) []string {
	var list []string
	for name, was := range p.settings {
		if is := after.settings[name]; is != was {
			list = append(list, fmt.Sprintf("%s was %s before the check and is %s after it", name, was, is))
		}
	}
	for _, v := range after.environ {
		if !slices.Contains(p.environ, v) {
			list = append(list, fmt.Sprintf("the environment has %.60q after the check, which was not there before", v))
		}
	}
	for _, v := range p.environ {
		if name, _, _ := strings.Cut(v, "="); !slices.ContainsFunc(after.environ,
			func(w string) bool { return strings.HasPrefix(w, name+"=") }) {
			list = append(list, fmt.Sprintf("the environment variable %s was removed during the check", name))
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
			list = append(list, fmt.Sprintf("descriptor %s (%s) was closed during the check", fd, was))
		}
	}
	if slices.Sort(left); len(left) > 0 {
		list = append(list, fmt.Sprintf("files or connections were not closed by the check: %d, such as %s",
			len(left), left[0]))
	}
	for _, name := range after.temp {
		if !slices.Contains(p.temp, name) {
			list = append(list, fmt.Sprintf("the temporary directory has %.60q after the check, which was not there before",
				name))
		}
	}
	slices.Sort(list)
	return list
}
