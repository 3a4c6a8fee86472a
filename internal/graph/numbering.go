package graph

import (
	"math/bits"
	"slices"
	"sort"
)

// numbering maps the page numbers of a file to those of the graph, 0, 1, 2 ... in the same order,
// and back.
type numbering interface {
	page(pageNumber) (page uint32, ok bool)
	number(page uint32) pageNumber
}

// dense is a numbering without gaps that begins at first.
type dense struct {
	first uint64
	pages int
}

func (d dense) page(n pageNumber) (uint32, bool) {
	p := n.lo - d.first
	return uint32(p), n.hi == 0 && n.lo >= d.first && p < uint64(d.pages)
}

func (d dense) number(page uint32) pageNumber { return pageNumber{0, d.first + uint64(page)} }

// bitmap is a numbering of the numbers whose bits are set in words.
type bitmap struct {
	words []uint64
	ranks []uint32 // pages before each word
	used  int      // numbers
}

// rank returns the page whose number is n, which must occur.
func (b *bitmap) rank(n uint32) uint32 {
	return b.ranks[n/64] + uint32(bits.OnesCount64(b.words[n/64]&(1<<(n%64)-1)))
}

func (b *bitmap) page(n pageNumber) (uint32, bool) {
	if n.hi > 0 || n.lo/64 >= uint64(len(b.words)) || b.words[n.lo/64]>>(n.lo%64)&1 == 0 {
		return 0, false
	}
	return b.rank(uint32(n.lo)), true
}

func (b *bitmap) number(page uint32) pageNumber {
	w := sort.Search(len(b.ranks), func(i int) bool { return b.ranks[i] > page }) - 1
	word := b.words[w]
	for range page - b.ranks[w] {
		word &= word - 1
	}
	return pageNumber{0, uint64(64*w + bits.TrailingZeros64(word))}
}

// sparse is a numbering of sorted 32-bit numbers.
type sparse struct {
	numbers []uint32
	starts  []uint32 // index of the first number n with n>>shift = i, for each i
	shift   int
}

// newSparse returns a numbering of the numbers in all, which it overwrites.
func newSparse(all []uint32) *sparse {
	spare := make([]uint32, len(all))
	for shift := 0; shift < 32; shift += digits {
		sortBy(spare, all, shift, 1<<digits-1)
		all, spare = spare, all
	}
	s := &sparse{numbers: slices.Clone(slices.Compact(all))}
	most := s.numbers[len(s.numbers)-1]
	s.shift = max(0, bits.Len32(most)-16)
	s.starts = make([]uint32, most>>s.shift+2)
	for _, n := range s.numbers {
		s.starts[n>>s.shift+1]++
	}
	for i := range s.starts[1:] {
		s.starts[i+1] += s.starts[i]
	}
	return s
}

// rank returns the page whose number is n, or the next number after n.
func (s *sparse) rank(n uint32) uint32 {
	from, to := s.starts[n>>s.shift], s.starts[n>>s.shift+1]
	for from < to {
		if mid := (from + to) / 2; s.numbers[mid] < n {
			from = mid + 1
		} else {
			to = mid
		}
	}
	return from
}

func (s *sparse) page(n pageNumber) (uint32, bool) {
	if n.hi > 0 || n.lo > uint64(s.numbers[len(s.numbers)-1]) {
		return 0, false
	}
	p := s.rank(uint32(n.lo))
	return p, uint64(s.numbers[p]) == n.lo
}

func (s *sparse) number(page uint32) pageNumber { return pageNumber{0, uint64(s.numbers[page])} }

// far is a numbering of sorted numbers of any size.
type far []pageNumber

func (f far) page(n pageNumber) (uint32, bool) {
	i, ok := slices.BinarySearchFunc(f, n, pageNumber.compare)
	return uint32(i), ok
}

func (f far) number(page uint32) pageNumber { return f[page] }

// interner assigns indexes to numbers in the order in which they are added.
type interner struct {
	places  map[pageNumber]uint32
	numbers []pageNumber
}

func (in *interner) add(n pageNumber) uint32 {
	place, ok := in.places[n]
	if !ok {
		place = uint32(len(in.numbers))
		in.places[n] = place
		in.numbers = append(in.numbers, n)
	}
	return place
}

// memory returns the bytes for the numbers, including sorting. The map takes up to 57 bytes for each.
func (in *interner) memory() int64 { return 120 * int64(len(in.numbers)) }

// sorted returns the numbers in ascending order, and the page of each index.
func (in *interner) sorted() (far, []uint32) {
	in.places = nil
	order := make([]uint32, len(in.numbers))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return in.numbers[a].compare(in.numbers[b]) })
	f, pages := make(far, len(order)), make([]uint32, len(order))
	for page, place := range order {
		f[page], pages[place] = in.numbers[place], uint32(page)
	}
	return f, pages
}
