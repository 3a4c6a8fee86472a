//go:build race

package conform_test

// underRace reports whether the race detector is on.
const underRace = true
