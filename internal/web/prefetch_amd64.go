//go:build !purego

package web

// loadOffsets prefetches the offsets of the pages that exist.
//
//go:noescape
func loadOffsets(offsets []uint64, pages []uint32)

// loadLinks prefetches the first four cache lines of the links of the pages that exist. After four
// lines the hardware prefetcher takes over.
//
//go:noescape
func loadLinks(offsets []uint64, links, pages []uint32)
