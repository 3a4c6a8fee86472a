//go:build race

package measure

// underRace reports whether the race detector is on. Its shadow memory exceeds a child's memory limit, and its
// runtime does not detect deadlocks.
const underRace = true
