//go:build race

package conform

// slowdown multiplies the time limit of a check in a program built with the race detector, in which the
// checks shapes and memory of cas by URL take 5 to 11 times as long.
const slowdown = 10
