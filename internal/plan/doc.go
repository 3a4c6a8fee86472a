// Package plan crosses the axes of a scenario into cells and lays out when each is measured. It is pure: the same
// scenario, contenders, machine size and seed give the same plan, and nothing is measured or read from disk.
package plan
