//go:build race

package runner

// underRace is whether the race detector is on: its shadow memory does not fit the bound on a child's, and the runtime
// does not look for deadlocks.
const underRace = true
