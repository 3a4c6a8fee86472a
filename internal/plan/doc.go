// Package plan reads the description of an experiment and schedules it.
//
// A Scenario is a TOML file, one of those embedded by package scenarios or a user's own: graphs, the
// site's behaviour, crawlers, the axes of the sweep and how to measure. Reading is strict: an unknown
// key, a wrong type or an invalid value is an error with a position, and all errors are reported at
// once.
//
// A Plan multiplies the axes of a scenario into cells and schedules when each is measured. It is
// deterministic: the same scenario, crawlers, number of cores and seed give the same plan. It
// measures nothing.
//
// A plan declares its comparisons, in Families, which are decided at fixed looks. Measured says how, and which
// crawlers leave a run because nothing about them is open.
package plan
