package conform

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"sync"
)

// star returns a root with so many leaves, each linked so often.
func star(leaves, times int) *site {
	s := &site{links: map[page][]page{}}
	for range times {
		for p := range page(leaves) {
			s.links[0] = append(s.links[0], p+1)
		}
	}
	return s
}

// chain returns pages of which each links to the next, to itself and back to the first.
func chain(n int) *site {
	s := &site{links: map[page][]page{}}
	for p := range page(n - 1) {
		s.links[p] = []page{p + 1, p, 0}
	}
	return s
}

// random returns n pages with so many links each on average, many of them repeated, some pages without any.
func random(n, degree int, seed uint64) *site {
	s := &site{links: map[page][]page{}}
	draw := rand.New(rand.NewPCG(seed, 0))
	for p := range page(n) {
		for range draw.IntN(2*degree + 1) {
			s.links[p] = append(s.links[p], page(draw.IntN(n)))
		}
	}
	return s
}

// idOf is the id of a page; hostile ids share their low bits, by 16 and by 24, which a careless hash keeps only.
func idOf(p page, hostile bool) uint32 {
	if !hostile {
		return p
	}
	return p%251<<24 | p/251<<16
}

// urlOf is the URL of a page; hostile URLs come in pairs of the same 32-bit FNV-1a hash and of the same length, and in
// pairs that differ in case or in a slash at the end only.
func urlOf(p page, hostile bool) string {
	if pairs := colliding(); hostile && int(p) < len(pairs) {
		return pairs[p]
	}
	if hostile {
		return fmt.Sprintf("https://h.example/%s/%d%s", []string{"page", "Page"}[p/2%2], p/4, []string{"", "/"}[p%2])
	}
	// The memory check writes a million of them.
	return "https://h" + strconv.Itoa(int(p%7)) + ".example/page-" + strconv.Itoa(int(p))
}

// colliding finds URLs of which the 2n-th and the next have the same hash, as is to be expected of some hundred thousand.
var colliding = sync.OnceValue(func() []string {
	var list []string
	seen := map[uint32]string{}
	for n := range 300_000 {
		url := fmt.Sprintf("https://h.example/p-%06d", n)
		h := fnv.New32a()
		h.Write([]byte(url))
		if other, ok := seen[h.Sum32()]; ok {
			list = append(list, other, url)
		}
		seen[h.Sum32()] = url
	}
	return list
})
