package fleet

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
)

// StartAll starts a process for each job, all at the same time, and waits until all are ready. If one cannot be
// started, none is left.
func StartAll(ctx context.Context, command func() *exec.Cmd, jobs []Job) ([]*Process, error) {
	list, errs := make([]*Process, len(jobs)), make([]error, len(jobs))
	done := make(chan struct{})
	for i, job := range jobs {
		go func() {
			list[i], errs[i] = Start(ctx, command(), job)
			done <- struct{}{}
		}()
	}
	for range jobs {
		<-done
	}
	err := errors.Join(errs...)
	if err == nil {
		return list, nil
	}
	for _, p := range list {
		if p != nil {
			p.Stop()
		}
	}
	return nil, err
}

// Run makes a crawl: it starts all processes, calls begin, lets the processes crawl, and returns how they ended. It is
// an error if a crawl fails.
func Run(ctx context.Context, command func() *exec.Cmd, jobs []Job, begin func() error) ([]End, error) {
	list, err := StartAll(ctx, command, jobs)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, p := range list {
			p.Stop()
		}
	}()
	if err := begin(); err != nil {
		return nil, err
	}
	for _, p := range list {
		if err := p.Go(); err != nil {
			return nil, err
		}
	}
	ends := make([]End, len(list))
	for i, p := range list {
		select {
		case <-p.Done():
		case <-ctx.Done():
			return nil, fmt.Errorf("process %d of the fleet did not end: %w", i, ctx.Err())
		}
		if ends[i], err = p.End(); err != nil {
			return nil, err
		}
		if ends[i].Failed != "" {
			return nil, fmt.Errorf("process %d of the fleet: %s", i, ends[i].Failed)
		}
	}
	return ends, nil
}
