//go:build race

package child

// raced is whether the race detector is on.
const raced = true
