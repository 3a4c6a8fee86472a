//go:build !unix

package child

import "os"

func socketPair() (own, other *os.File, err error) { return nil, nil, Supported() }
func closeOnExec(fd int)                           {}
