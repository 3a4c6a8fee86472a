package ledger

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-json"
)

// Bounds of a file of ledgers, which may come from a stranger: an element of two bytes takes a hundred times as much memory.
// Three ledgers of 60,000 places each have a quarter of these.
const (
	mostObjects  = 1 << 20
	mostElements = 1 << 22
)

// Parse reads the ledgers of a cell as a profile pass writes them.
func Parse(text []byte) ([]*Ledger, error) {
	if n := bytes.Count(text, []byte("{")); n > mostObjects {
		return nil, fmt.Errorf("it has %d objects, want at most %d", n, mostObjects)
	}
	if n := bytes.Count(text, []byte(",")); n > mostElements {
		return nil, fmt.Errorf("it has %d elements, want at most %d", n, mostElements)
	}
	var list []*Ledger
	err := json.Unmarshal(text, &list)
	return list, err
}
