//go:build !linux

package child

import "os"

// sink makes a file for what a child says, which is read when it has ended.
func sink(string, int64) (*os.File, error) { return nameless() }
