//go:build !race

package conform

const slowdown = 1
