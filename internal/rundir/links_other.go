//go:build !unix

package rundir

import "io/fs"

// links returns 1: a FileInfo does not tell how many hard links a file has.
func links(fs.FileInfo) int { return 1 }
