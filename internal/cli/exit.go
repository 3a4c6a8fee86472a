package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
)

// Exit codes; exitCodes says what each means.
const (
	exitOK            = 0
	exitFailure       = 1
	exitUsage         = 2
	exitRegression    = 3
	exitCrawlFailed   = 4
	exitNotComparable = 5
	exitCannotTell    = 6
	exitInterrupted   = 130
)

// exitCode is an exit code and its meaning.
type exitCode struct {
	code int
	doc  string
}

// exitCodes returns the table of exit codes. The documentation of bench.Main has the same table.
func exitCodes() []exitCode {
	return []exitCode{
		{exitOK, "success"},
		{exitFailure, "the command failed"},
		{exitUsage, "the command line is invalid"},
		{exitRegression, "a cell is slower than -gate allows"},
		{exitCrawlFailed, "a crawl or a conformance check failed"},
		{exitNotComparable, "the runs are not comparable"},
		{exitCannotTell, "-gate cannot tell: neither a regression nor its absence is proven"},
		{exitInterrupted, "interrupted; \"run -resume\" continues the run"},
	}
}

// usageError is an error of the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitError carries an exit code other than exitFailure.
type exitError struct {
	code int
	error
}

// codeOf returns the exit code in err, 0 if there is none.
func codeOf(err error) int {
	var e exitError
	errors.As(err, &e)
	return e.code
}

// interrupted returns err with the exit code of an interrupt if a signal is its cause and it has no code yet, as when
// the signal came before the first sample.
func interrupted(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || codeOf(err) != exitOK ||
		!errors.Is(err, context.Cause(ctx)) && !errors.Is(err, context.Canceled) {
		return err
	}
	return exitError{exitInterrupted, fmt.Errorf("interrupted before there was a result: %w", err)}
}

// code prints err and returns its exit code.
func (a *app) code(err error) int {
	var usage usageError
	var exit exitError
	var out outputError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &out): // output.failed prints it
		return exitFailure
	case errors.As(err, &exit):
		if exit.error != nil {
			fmt.Fprintln(a.err, "crawlbench:", exit.error)
		}
		return exit.code
	case errors.As(err, &usage):
		fmt.Fprintln(a.err, "crawlbench:", err)
		return exitUsage
	}
	fmt.Fprintln(a.err, "crawlbench:", err)
	return exitFailure
}
