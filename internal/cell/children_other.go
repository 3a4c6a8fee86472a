//go:build !linux

package cell

// hasChildren reports false: child processes are only detected on Linux.
func hasChildren() bool { return false }
