package breakdown

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Limits for a file of time breakdowns, which may be hostile: an element of two bytes can take a
// hundred times as much memory. Three breakdowns of 60,000 places each reach a quarter of these
// limits.
const (
	maxObjects  = 1 << 20
	maxElements = 1 << 22
)

// Parse reads the time breakdowns of a cell, as a profile pass writes them.
func Parse(text []byte) ([]*Breakdown, error) {
	if n := bytes.Count(text, []byte("{")); n > maxObjects {
		return nil, fmt.Errorf("too many objects: %d, want at most %d", n, maxObjects)
	}
	if n := bytes.Count(text, []byte(",")); n > maxElements {
		return nil, fmt.Errorf("too many elements: %d, want at most %d", n, maxElements)
	}
	var list []*Breakdown
	err := json.Unmarshal(text, &list)
	return list, err
}
