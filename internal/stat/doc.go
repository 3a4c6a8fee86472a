// Package stat computes statistics on samples: medians with their intervals, paired comparisons, and
// scaling laws; and it reads and writes Go's benchmark format.
//
// Its input is numbers from the journal or lines of a benchmark file; its output is a benchmark
// file, or estimates with intervals and warnings. It is the only package that imports
// golang.org/x/perf.
package stat
