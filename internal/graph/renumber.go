package graph

import (
	"math/bits"

	"crawlbench/internal/parallel"
)

// sparsest is the largest page number, in multiples of the number of links, for which a bitmap is
// used. Beyond it, sorting takes less memory.
const sparsest = 16

// renumber makes the page numbers dense and keeps their order. If the header states the number of
// pages, and all numbers fit into that range from 0 or from 1, numbers that do not occur are pages
// without links. stated is the number in the header, or 0; first is the lowest number that the format
// allows.
func (l *list) renumber(stated, first int) (numbering, int, error) {
	if l.names != nil {
		f, pages := l.names.sorted()
		l.apply(func(place uint32) uint32 { return pages[place] })
		return f, len(f), nil
	}
	least, most := ^uint32(0), uint32(0)
	for _, block := range l.all() {
		for _, k := range block {
			least, most = min(least, k.from, k.to), max(most, k.from, k.to)
		}
	}
	switch {
	case stated > maxPages: // countedPages reports the error
	case first == 0 && int(most) < stated:
		return dense{0, stated}, stated, nil
	case least > 0 && int(most) <= stated:
		l.apply(func(n uint32) uint32 { return n - 1 })
		return dense{1, stated}, stated, nil
	}
	if int(most) > sparsest*l.links()+1<<20 {
		return l.sort()
	}
	b := l.bitmap(most)
	if b.used == int(most)+1 {
		return dense{0, b.used}, b.used, nil
	}
	l.apply(b.rank)
	return b, b.used, nil
}

// bitmap returns a numbering of the numbers that occur; most is the largest.
func (l *list) bitmap(most uint32) *bitmap {
	b := &bitmap{words: make([]uint64, most/64+1), ranks: make([]uint32, most/64+1)}
	for _, block := range l.all() {
		for _, k := range block {
			b.words[k.from/64] |= 1 << (k.from % 64)
			b.words[k.to/64] |= 1 << (k.to % 64)
		}
	}
	for i, word := range b.words {
		b.ranks[i] = uint32(b.used)
		b.used += bits.OnesCount64(word)
	}
	return b
}

// sort renumbers the pages by sorting their numbers.
func (l *list) sort() (numbering, int, error) {
	if 2*l.links() > maxPages { // sortBy counts in 32 bits
		return nil, 0, l.in.wrong("cannot renumber the pages of more than 2^31 links: number them without gaps")
	}
	l.sorting = 16 * int64(l.links())
	if err := l.fits(l.links()); err != nil {
		return nil, 0, err
	}
	all := make([]uint32, 0, 2*l.links())
	for _, block := range l.all() {
		for _, k := range block {
			all = append(all, k.from, k.to)
		}
	}
	s := newSparse(all)
	l.apply(s.rank)
	return s, len(s.numbers), nil
}

// apply replaces every page number n by to(n).
func (l *list) apply(to func(uint32) uint32) {
	blocks := l.all()
	parallel.Each(len(blocks), func(i int) {
		for j, k := range blocks[i] {
			blocks[i][j] = link{to(k.from), to(k.to)}
		}
	})
}
