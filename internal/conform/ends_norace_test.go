//go:build !race

package conform_test

// underRace is whether the race detector is on.
const underRace = false
