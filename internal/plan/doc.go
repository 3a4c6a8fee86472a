// Package plan multiplies the axes of a scenario into cells and schedules when each is measured. It
// is pure: the same scenario, crawlers, machine size and seed give the same plan, and nothing is
// measured or read from disk.
package plan
