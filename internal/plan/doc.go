// Package plan multiplies the axes of a scenario into cells and schedules when each is measured. It
// is deterministic: the same scenario, crawlers, number of cores and seed give the same plan. It
// measures nothing and reads no files.
package plan
