package conform

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"crawlbench/internal/crawl"
)

// Visited checks that the sets of both constructors are linearizable: each call takes effect at one
// instant between its start and its end (Herlihy and Wing, 1990), so that the first caller with a page
// is told that it is new. Counting alone cannot tell that from a set in which the second caller is. A
// history that is not linearizable is drawn into a file in t.ArtifactDir, which go test keeps with
// -artifacts. Nil constructors are skipped.
func Visited(t *testing.T, byID crawl.NewVisited[uint32], byURL crawl.NewVisited[string]) {
	t.Helper()
	if byID != nil {
		t.Run("id", func(t *testing.T) { linear(t, byID, naming.id) })
	}
	if byURL != nil {
		t.Run("url", func(t *testing.T) { linear(t, byURL, naming.url) })
	}
}

func linear[K comparable](t *testing.T, newSet crawl.NewVisited[K], name func(naming, page) K) {
	similar := naming{ids: similarIDs(), urls: similarURLs()}
	race(stormTime/3, 50, func(seed uint64, workers int) {
		if t.Failed() {
			return
		}
		keys := naming{}
		if seed%2 == 1 {
			keys = similar
		}
		h := record(newSet, func(p page) K { return name(keys, p) }, seed, workers)
		if err := h.wrong(); err != nil {
			t.Error(err)
		} else if result, info := porcupine.CheckOperationsVerbose(wonOnce, h.operations,
			Patience); result == porcupine.Illegal { // on a busy machine it may be unknown
			file := filepath.Join(t.ArtifactDir(), "history.html")
			if err := drawHistory(file, info); err != nil {
				t.Error(err)
			}
			t.Errorf("the calls are not linearizable: no order of them explains which caller was told that a page is new (seed %d); they are drawn in %s",
				seed, file)
		}
	})
}

func drawHistory(file string, info porcupine.LinearizationInfo) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := porcupine.Visualize(wonOnce, info, f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// wonOnce is the sequential set: the first call for a page is told that it is new. Pages are independent.
var wonOnce = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := map[page][]porcupine.Operation{}
		for _, op := range history {
			by[op.Input.(page)] = append(by[op.Input.(page)], op)
		}
		var parts [][]porcupine.Operation
		for _, ops := range by {
			parts = append(parts, ops)
		}
		return parts
	},
	Init: func() any { return false },
	Step: func(seen, _, isNew any) (bool, any) { return isNew.(bool) != seen.(bool), true },
	DescribeOperation: func(p, isNew any) string {
		if isNew.(bool) {
			return fmt.Sprintf("page %d is new", p)
		}
		return fmt.Sprintf("page %d is known", p)
	},
	DescribeState: func(seen any) string { return fmt.Sprintf("seen: %v", seen) },
}

// history records the calls of one set.
type history struct {
	operations []porcupine.Operation // one for each page of each call
	faults     []error
}

// The number of pages, of calls per caller, and the maximum number of links per call.
const (
	historyPages = 64
	historyCalls = 12
	historyLinks = 8
)

// record calls one set from several goroutines. Each reads the clock itself, because a shared counter
// would order the calls and hide races.
func record[K comparable](newSet crawl.NewVisited[K], name func(page) K, seed uint64, callers int) history {
	set := newSet(int(seed % 3 * historyPages))
	start := time.Now()
	begin := make(chan struct{})
	parts := make([]history, callers)
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			h := &parts[c]
			draw := rand.New(rand.NewPCG(seed, uint64(c)))
			dst := []K{name(historyPages)} // an element that must not be touched
			<-begin
			for range historyCalls {
				pages := make([]page, 1+draw.IntN(historyLinks))
				links := make([]K, len(pages))
				for i := range pages {
					pages[i] = page(draw.IntN(historyPages))
					links[i] = name(pages[i])
				}
				from := time.Since(start)
				found := set.AddNew(dst[:1], links)
				recordCall(h, c, pages, links, found, from, time.Since(start))
				if len(found) > 0 {
					dst = found
				}
			}
		})
	}
	close(begin)
	all.Wait()
	var whole history
	for _, h := range parts {
		whole.operations = append(whole.operations, h.operations...)
		whole.faults = append(whole.faults, h.faults...)
	}
	return whole
}

// recordCall records a call. found are the links that it returned, after an element that was there before.
func recordCall[K comparable](h *history, caller int, pages []page, links, found []K, from, to time.Duration) {
	if len(found) == 0 {
		h.faults = append(h.faults, fmt.Errorf("AddNew dropped the elements of dst"))
		return
	}
	rest := found[1:]
	asked := map[page]bool{}
	for i, p := range pages {
		if asked[p] {
			continue // a duplicate within the call
		}
		asked[p] = true
		at := slices.Index(rest, links[i])
		if at >= 0 {
			rest = slices.Delete(slices.Clone(rest), at, at+1)
		}
		h.operations = append(h.operations, porcupine.Operation{
			ClientId: caller, Input: p, Call: from.Nanoseconds(), Output: at >= 0, Return: to.Nanoseconds(),
		})
	}
	if len(rest) > 0 {
		h.faults = append(h.faults, fmt.Errorf("AddNew returned %v, which is a duplicate or was not among the links",
			rest[0]))
	}
}

// wrong returns the first fault of a single call.
func (h history) wrong() error {
	if len(h.faults) > 0 {
		return h.faults[0]
	}
	return nil
}
