package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"crawlbench/internal/crawl"
	"crawlbench/internal/host/child"
)

// Child runs a child process: it reads a Job from in, measures, and sends the Outcome to its parent.
func Child(ctx context.Context, in io.Reader, table []crawl.Crawler, limiters ...crawl.LimiterKind) error {
	return child.Serve(func(conn *child.Conn) (any, error) { return answer(ctx, in, conn, table, limiters) })
}

// answer returns the Outcome of the Job that it reads from in.
func answer(ctx context.Context, in io.Reader, conn *child.Conn, table []crawl.Crawler, limiters []crawl.LimiterKind,
) (Outcome, error) {
	job := Job{conn: conn}
	if err := json.NewDecoder(in).Decode(&job); err != nil {
		return Outcome{}, fmt.Errorf("read the job: %w", err)
	}
	if err := child.Bound(job.Memory); err != nil {
		return Outcome{}, err
	}
	if job.Resident {
		if err := conn.Listen(); err != nil {
			return Outcome{}, err
		}
	}
	var o Outcome
	var err error
	if job.ServeSeed != nil {
		o, err = serveSite(job)
	} else {
		o, err = Run(ctx, job, table, limiters...)
	}
	if err != nil {
		o = Outcome{Error: err.Error()}
	}
	return o, nil
}
