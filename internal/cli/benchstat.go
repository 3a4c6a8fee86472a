package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"crawlbench/internal/plain/screen"
	"crawlbench/internal/plain/shell"
)

// tool is a program: its path, and the command as the user would type it. An empty path means that it is not run.
type tool struct {
	shown []string
	path  string
}

// benchstat is a call of benchstat in the background.
type benchstat struct {
	find     func() (tool, error)
	done     func() (tool, error)
	args     []string
	out, err bytes.Buffer
}

// errNoBenchstat is the error where benchstat is not installed.
var errNoBenchstat = errors.New("benchstat is not installed")

func (b *benchstat) start(ctx context.Context, args []string) {
	b.args = args
	b.done = begin(func() (tool, error) {
		t, err := b.find()
		if err != nil || t.path == "" {
			return t, err
		}
		cmd := exec.CommandContext(ctx, t.path, args...)
		cmd.Stdout, cmd.Stderr = &b.out, &b.err
		if err := cmd.Run(); err != nil {
			return t, fmt.Errorf("compare: benchstat: %w", err)
		}
		return t, nil
	})
}

// print waits for benchstat to end, and prints the command and its output. A missing benchstat is not an error.
func (b *benchstat) print(a *app) error {
	t, err := b.done()
	if errors.Is(err, errNoBenchstat) {
		fmt.Fprintf(a.err, "note: benchstat is not installed, so its table is left out: go install golang.org/x/perf/cmd/benchstat@%s\n", perfVersion())
		return nil
	}
	if len(t.shown) > 0 {
		a.side.Command(a.rawErr, "$ ", "", shell.Command(slices.Concat(t.shown, b.args)...))
	}
	b.err.WriteTo(a.err)
	fmt.Fprint(a.out, narrowed(b.out.String(), cmp.Or(a.screen.Width, screen.Prose)))
	return err
}

// begin calls f in the background, and returns a function that waits for its result.
func begin[T any](f func() (T, error)) (wait func() (T, error)) {
	var value T
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		value, err = f()
	}()
	return func() (T, error) {
		<-done
		return value, err
	}
}

// findBenchstat returns the pinned benchstat of the module in the working directory, or the one
// that is installed.
func findBenchstat(ctx context.Context) (tool, error) {
	_, errGo := exec.LookPath("go")
	if errGo == nil {
		if path, err := exec.CommandContext(ctx, "go", "tool", "-n", "benchstat").Output(); err == nil {
			return tool{[]string{"go", "tool", "benchstat"}, strings.TrimSpace(string(path))}, nil
		}
	}
	if path, err := exec.LookPath("benchstat"); err == nil {
		return tool{[]string{"benchstat"}, path}, nil
	}
	if errGo == nil { // where go install puts it, which is often not in PATH
		out, err := exec.CommandContext(ctx, "go", "env", "GOBIN", "GOPATH").Output()
		dirs := strings.Split(string(out), "\n")
		if err == nil && len(dirs) > 1 {
			dir := dirs[0]
			if list := filepath.SplitList(dirs[1]); dir == "" && len(list) > 0 {
				dir = filepath.Join(list[0], "bin")
			}
			if path, err := exec.LookPath(filepath.Join(dir, "benchstat")); err == nil {
				return tool{[]string{path}, path}, nil
			}
		}
	}
	return tool{}, errNoBenchstat
}

// perfVersion returns the version of golang.org/x/perf in this program.
func perfVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "golang.org/x/perf" {
				return d.Version
			}
		}
	}
	return "latest"
}

// narrowed returns benchstat's tables without their geomeans, which mix numbers of workers, and at most width columns
// wide: a wider table is continued below, each part with its first column.
func narrowed(text string, width int) string {
	var b strings.Builder
	var bounds []int // where the columns of the current table begin
	var table []string
	end := func() {
		for i, part := range fold(bounds, table, width) {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(part)
		}
		bounds, table = nil, nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.Contains(line, "geomean"):
		case strings.Contains(line, "│"):
			if bounds == nil {
				for i, r := range []rune(line) {
					if r == '│' {
						bounds = append(bounds, i)
					}
				}
			}
			table = append(table, line)
		case bounds != nil && line != "":
			table = append(table, line)
		default:
			end()
			b.WriteString(line + "\n")
		}
	}
	end()
	return b.String()
}

// fold divides a table whose columns begin at bounds: the first of a part is the column of names, the second the base
// of the comparison if there is room for it.
func fold(bounds []int, table []string, width int) (parts []string) {
	if len(table) == 0 {
		return nil
	}
	last := 0
	for _, line := range table {
		last = max(last, len([]rune(line)))
	}
	if last <= width {
		return []string{strings.Join(table, "\n") + "\n"}
	}
	ends := append(slices.Clone(bounds[1:]), last)
	part := func(columns []int) string {
		var b strings.Builder
		for _, line := range table {
			r := []rune(line)
			cut := func(from, to int) string { return string(r[min(from, len(r)):min(to, len(r))]) }
			text := cut(0, bounds[0])
			for _, c := range columns {
				text += cut(bounds[c], ends[c])
			}
			if strings.Contains(line, "│") && !strings.HasSuffix(text, "│") {
				text += "│"
			}
			b.WriteString(strings.TrimRight(text, " ") + "\n")
		}
		return b.String()
	}
	size := func(c int) int { return ends[c] - bounds[c] }
	var list []int
	at := 0
	for c := 1; c < len(ends); c++ {
		if list != nil && at+size(c) >= width {
			parts, list = append(parts, part(list)), nil
		}
		if list == nil {
			at = bounds[0]
			if at+size(0)+size(c) < width {
				list, at = []int{0}, at+size(0)
			} else if parts == nil { // the base is in a part of its own, once
				parts = append(parts, part([]int{0}))
			}
		}
		list, at = append(list, c), at+size(c)
	}
	if list != nil {
		parts = append(parts, part(list))
	}
	return parts
}
