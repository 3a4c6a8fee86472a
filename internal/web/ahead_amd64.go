//go:build !purego

package web

// loadOffsets asks for the offsets of those pages that there are.
//
//go:noescape
func loadOffsets(offsets []uint64, pages []uint32)

// loadLinks asks for the first four cache lines of the links of those pages that there are: by then the hardware sees where
// it goes.
//
//go:noescape
func loadLinks(offsets []uint64, links, pages []uint32)
