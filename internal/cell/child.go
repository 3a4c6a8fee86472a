package cell

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"crawlbench/internal/child"
	"crawlbench/internal/crawl"
)

// Child is the whole of a child process: it reads a Job from in, measures, and gives the Outcome to its parent.
func Child(ctx context.Context, in io.Reader, table []crawl.Contender) error {
	return child.Serve(func(line *child.Line) (any, error) { return answer(ctx, in, line, table) })
}

func answer(ctx context.Context, in io.Reader, line *child.Line, table []crawl.Contender) (Outcome, error) {
	job := Job{line: line}
	if err := json.NewDecoder(in).Decode(&job); err != nil {
		return Outcome{}, fmt.Errorf("read the job: %w", err)
	}
	if err := bound(job.Memory); err != nil {
		return Outcome{}, err
	}
	// Should the machine run out of memory, the kernel had better end this process than the harness.
	os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	o, err := Run(ctx, job, table)
	if err != nil {
		o = Outcome{Error: err.Error()}
	}
	return o, nil
}

// bound limits the data segment, which holds Go's heap and stacks but neither its reserved addresses nor the graph's
// mapping; past it the runtime ends the process with "out of memory".
func bound(bytes int64) error {
	if bytes <= 0 {
		return nil
	}
	limit := unix.Rlimit{Cur: uint64(bytes), Max: uint64(bytes)}
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &limit); err != nil {
		return fmt.Errorf("limit memory to %d bytes: %w", bytes, err)
	}
	return nil
}
