package conform

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/anishathalye/porcupine"

	"crawlbench/internal/crawl"
)

// lastWins is a set in which the second caller is told that a page is new. Counting does not find that as
// long as each page is linked twice.
type lastWins struct {
	mu    sync.Mutex
	asked map[uint32]int
}

func (s *lastWins) AddNew(dst, links []uint32) []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, link := range links {
		if s.asked[link]++; s.asked[link] == 2 {
			dst = append(dst, link)
		}
	}
	return dst
}

// locked is a correct set.
type locked struct {
	mu   sync.Mutex
	seen map[uint32]bool
}

func (s *locked) AddNew(dst, links []uint32) []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, link := range links {
		if !s.seen[link] {
			s.seen[link] = true
			dst = append(dst, link)
		}
	}
	return dst
}

func explained(newSet crawl.NewVisited[uint32], seed uint64) (bool, porcupine.LinearizationInfo) {
	h := record(newSet, func(p page) uint32 { return p }, seed, 8)
	result, info := porcupine.CheckOperationsVerbose(wonOnce, h.operations, Patience)
	return result != porcupine.Illegal && h.wrong() == nil, info
}

func TestSecondCallerWinsIsFound(t *testing.T) {
	for seed := range uint64(20) {
		if ok, _ := explained(func(int) crawl.Visited[uint32] { return &locked{seen: map[uint32]bool{}} }, seed); !ok {
			t.Errorf("seed %d: a set behind a lock is not linearizable", seed)
		}
		ok, info := explained(func(int) crawl.Visited[uint32] { return &lastWins{asked: map[uint32]int{}} }, seed)
		if ok {
			t.Errorf("seed %d: a set in which the second caller wins passes", seed)
		}
		file := filepath.Join(t.TempDir(), "history.html")
		if err := drawHistory(file, info); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(file); err != nil || len(text) < 1000 {
			t.Errorf("the drawing has %d bytes, want at least 1000; %v", len(text), err)
		}
	}
}

// careless returns wrong links.
type careless struct{ mode int }

func (c careless) AddNew(dst, links []uint32) []uint32 {
	switch c.mode {
	case 0:
		return append(append(dst, links...), links[0])
	case 1:
		return append(dst, 9999)
	}
	return nil
}

func TestFaultsOfSingleCalls(t *testing.T) {
	for mode := range 3 {
		h := record(func(int) crawl.Visited[uint32] { return careless{mode} }, func(p page) uint32 { return p }, 1, 1)
		if h.wrong() == nil {
			t.Errorf("mode %d: no fault found", mode)
		}
	}
}
