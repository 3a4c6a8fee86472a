// Package stat turns samples into statements: Go's benchmark format in and out, medians with their intervals, and
// comparisons. Numbers go in, from the journal or from a benchmark file; a file, or numbers with their uncertainty and
// warnings, come out. It is the only package that knows golang.org/x/perf.
package stat
