package polite

// Due is a time at which something about a host changes.
type Due struct {
	At   int64
	Host uint32
	Kind uint32
}

// Times are the times at which hosts change.
type Times interface {
	Push(Due)
	// Pop removes a time that has come.
	Pop(now int64) (Due, bool)
	// Next returns when Pop must be called next, and false if that is never.
	Next() (at int64, ok bool)
}

// Heap is a heap with four children per node: half as deep as one with two, and the children share a cache line.
type Heap []Due

// NewHeap returns an empty heap.
func NewHeap() Times { return &Heap{} }

// Push adds a time.
func (h *Heap) Push(d Due) {
	list := append(*h, d)
	i := len(list) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if list[parent].At <= d.At {
			break
		}
		list[i] = list[parent]
		i = parent
	}
	list[i] = d
	*h = list
}

// Pop removes the earliest time, if it has come.
func (h *Heap) Pop(now int64) (Due, bool) {
	list := *h
	if len(list) == 0 || list[0].At > now {
		return Due{}, false
	}
	first, last := list[0], list[len(list)-1]
	list = list[:len(list)-1]
	*h = list
	for i := 0; len(list) > 0; {
		least := 4*i + 1
		if least >= len(list) {
			list[i] = last
			break
		}
		for child := least + 1; child < min(4*i+5, len(list)); child++ {
			if list[child].At < list[least].At {
				least = child
			}
		}
		if last.At <= list[least].At {
			list[i] = last
			break
		}
		list[i] = list[least]
		i = least
	}
	return first, true
}

// Next returns the earliest time.
func (h *Heap) Next() (int64, bool) {
	if len(*h) == 0 {
		return 0, false
	}
	return (*h)[0].At, true
}
