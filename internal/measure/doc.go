// Package measure takes the samples and profile passes that are pending in a run. Crawlers run in child processes of
// their own, so that one that hangs, leaks or exhausts memory affects nothing else, and hash seeds and memory layout
// vary between samples.
//
// The crawlers of a block are alive at once and take turns; all other samples, and the passes, have a fresh process
// one after another. One crawler crawls at a time. A record, or all of a block, is committed to the run's journal
// before the next child starts. While a child measures, the parent does nothing: watchers are notified only between
// samples.
//
// The input of a child is a Job, its output an Outcome. It opens the graph, warms up, crawls, verifies every crawl,
// and takes the profiles in a profile pass. It also checks what a crawl leaves behind: goroutines, changed process
// settings, open files.
//
// A sample of a fleet is taken by several children. Each crawls on request, at a common start time, and logs which
// pages it fetched and when its limiter let it; the parent unites the logs and verifies them. If the crawler is not
// made for fleets, each child crawls and verifies its own copy of the graph, and they share only the limit. What they
// share is on a server, which the caller starts and ends.
//
// A Trial measures a whole plan of its own at once, for lessons and experiments.
//
// The package also measures what limits the precision of a benchmark on this machine: clock and timers, the rate
// limiters built on them, the cost of profilers per event, and other users of the processors. The output is a list of
// readings, with a hint where the user can improve something. The noise floor is measured by the caller, as a run.
package measure
