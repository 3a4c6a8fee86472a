//go:build !linux

package measure

// hasChildren reports false: child processes are only detected on Linux.
func hasChildren() bool { return false }
