//go:build !amd64 || purego

package web

import "runtime"

// loadOffsets reads the offsets of the pages that exist.
func loadOffsets(offsets []uint64, pages []uint32) {
	sum := uint64(0)
	for _, p := range pages {
		if int(p) < len(offsets)-1 {
			sum += offsets[p]
		}
	}
	runtime.KeepAlive(sum)
}

// loadLinks reads the first links of the pages that exist.
func loadLinks(offsets []uint64, links, pages []uint32) {
	sum := uint32(0)
	for _, p := range pages {
		if int(p) < len(offsets)-1 && offsets[p] < offsets[p+1] {
			sum += links[offsets[p]]
		}
	}
	runtime.KeepAlive(sum)
}
