package graph

import "regexp"

// fault matches what the Go runtime prints for a write to memory that is mapped read-only: code 2
// is SEGV_ACCERR.
var fault = regexp.MustCompile(`(?m)^unexpected fault address 0x[0-9a-f]+\nfatal error: fault\n\[signal SIGSEGV: segmentation violation code=0x2 `)

// Modified reports whether the output of a child process shows that it died of a write to read-only
// memory. That is the graph's cache, or the program itself: a crawler has modified the links of a
// page.
func Modified(output []byte) bool { return fault.Match(output) }
