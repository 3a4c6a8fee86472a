//go:build race

package conform

// slowdown is how many times as long a check may take in a program built with the race detector,
// and so its children: the
// checks shapes and memory of cas by URL take 5 to 11 times as long there.
const slowdown = 10
