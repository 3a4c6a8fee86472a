//go:build race

package child

// underRace reports whether the race detector is on.
const underRace = true
