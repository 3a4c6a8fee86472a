package graph

// sorter sorts the links of buckets, one bucket at a time.
type sorter[W word] struct {
	words, spare []W
	rows         []row
	links        []uint32 // of all rows, with gaps where repeated links were dropped
}

// row is the range of a page's links within its bucket.
type row struct {
	start, end uint32
	last       uint32 // link, if there is one
}

// digits is the largest number of bits sorted in one pass: its counters fit into the L1 cache.
const digits = 12

// newSorter returns a sorter for buckets of at most that many links and 1<<shift pages.
func newSorter[W word](links, shift int) *sorter[W] {
	return &sorter[W]{make([]W, 0, links), make([]W, links), make([]row, 1<<shift), make([]uint32, links)}
}

// sort sorts the links of bucket b of all blocks, by target and then by source.
func (s *sorter[W]) sort(blocks []spreadBlock[W], b int, l layout, repeats bool) {
	s.words = s.words[:0]
	for i := range blocks {
		s.words = append(s.words, blocks[i].bucket(b)...)
	}
	passes := max(1, (l.pageBits+digits-1)/digits)
	width := (l.pageBits + passes - 1) / passes
	for pass := range passes {
		s.spare = s.spare[:len(s.words)]
		sortBy(s.spare, s.words, pass*width, 1<<width-1)
		s.words, s.spare = s.spare, s.words
	}
	s.split(l.pageBits, repeats)
}

// sortBy copies from into to, stably sorted by the bits of mask above shift.
func sortBy[W word](to, from []W, shift int, mask W) {
	var at [1 << digits]uint32
	mask &= 1<<digits - 1
	for _, w := range from {
		at[w>>shift&mask]++
	}
	sum := uint32(0)
	for i := range at[:mask+1] {
		at[i], sum = sum, sum+at[i]
	}
	for _, w := range from {
		a := &at[w>>shift&mask]
		to[*a] = w
		*a++
	}
}

// split distributes the links over their rows.
func (s *sorter[W]) split(pageBits int, repeats bool) {
	rows, links := s.rows, s.links
	clear(rows)
	for _, w := range s.words {
		rows[w>>pageBits].end++
	}
	sum := uint32(0)
	for i, r := range rows {
		rows[i] = row{sum, sum, ^uint32(0)} // no page has the number of last: there are at most maxPages
		sum += r.end
	}
	low := W(1)<<pageBits - 1
	for _, w := range s.words {
		r, to := &rows[w>>pageBits], uint32(w&low)
		links[r.end] = to
		if to != r.last || repeats {
			r.end++
		}
		r.last = to
	}
}
