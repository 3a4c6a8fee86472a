// Package stat computes statistics on samples: medians with their intervals, paired comparisons, and
// scaling laws; and it reads and writes Go's benchmark format.
//
// Its input is numbers from the journal or lines of a benchmark file; its output is a benchmark
// file, or estimates with intervals and warnings. It is the only package that imports
// golang.org/x/perf.
//
// # Which test decides
//
// A Family is decided by Student's t-test on the log ratios of blocks, with variances moderated over
// the family, at all looks. Another rule was considered: the moderated t-test below 20 blocks, and
// the exact signed-rank test from there on. Simulated with looks, families of 60 (family_test.go),
// it is worse where it matters: differences of 10 % that are found after 28 and 40 blocks, and
// families with a false claim after 40:
//
//	noise                                t-test          ranks from 20
//	resident blocks, shared machine      65, 92; 2 %     59, 88; 5 %
//	heavy tails (t, 3 degrees)           67, 84; 1 %     72, 91; 3 %
//	exponential                          54, 77; 1 %     63, 86; 5 %
//	exponential, deviations differ       34, 46; 3 %     46, 60; 16 %
//
// (Deviations of crawlers differ by a factor of e^0.8; elsewhere by e^0.25.) Differences of unequal
// skewed noises are not symmetric, which the signed-rank test needs; nor has it a standard error to
// multiply if blocks depend on each other.
//
// Skewed noise also misleads the t-test: without its guard (see Skewness) it claims falsely in 10 to
// 14 % of the families of the last row if all are equal, with it in 4 to 6 %: the most, 6 %, if the
// run ends after 9 blocks or less. The guard increases the minimum detectable effect under normal
// noise by 5 % of itself after 6 blocks, 2 % after 14, and 1 % after 28. If deviations differ by
// e^1.2, it leaves 9 % after 9 blocks and 7 % after 28, of 18 and 22 %: few blocks cannot show a
// tail that none of them has seen.
package stat
