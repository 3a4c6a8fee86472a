package web

// linesAhead is how many cache lines of a page's links are asked for; the hardware sees by then where it goes.
//
//lint:ignore U1000 the assembly uses it, as const_linesAhead
const linesAhead = 4

// loadOffsets asks for the offsets of those pages that there are.
//
//go:noescape
func loadOffsets(offsets []uint64, pages []uint32)

// loadLinks asks for the first lines of the links of those pages that there are.
//
//go:noescape
func loadLinks(offsets []uint64, links, pages []uint32)
