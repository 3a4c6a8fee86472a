package paper

// item is something with a time: an event, or a host that rests until then.
type item struct {
	at   int64 // in nanoseconds
	id   int32 // of a worker, a process or a host
	what what
}

// heap is a binary heap whose first item is the earliest. Items of the same time come in any order, the same in every
// run.
type heap []item

func (h *heap) push(x item) {
	*h = append(*h, x)
	list, i := *h, len(*h)-1
	for i > 0 {
		up := (i - 1) / 2
		if list[up].at <= x.at {
			break
		}
		list[i], i = list[up], up
	}
	list[i] = x
}

func (h *heap) pop() item {
	list := *h
	first, n := list[0], len(list)-1
	x := list[n]
	*h = list[:n]
	if n == 0 {
		return first
	}
	i := 0
	for {
		down := 2*i + 1
		if down >= n {
			break
		}
		if down+1 < n && list[down+1].at < list[down].at {
			down++
		}
		if x.at <= list[down].at {
			break
		}
		list[i], i = list[down], down
	}
	list[i] = x
	return first
}
