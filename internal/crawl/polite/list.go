package polite

// List is a queue, first in, first out. The zero List is empty.
type List[T any] struct {
	items []T
	first int
}

// Len returns the number of items.
func (l *List[T]) Len() int { return len(l.items) - l.first }

// Items returns the items, until the list changes.
func (l *List[T]) Items() []T { return l.items[l.first:] }

// Push adds items at the end.
func (l *List[T]) Push(items ...T) { l.items = append(l.items, items...) }

// Unshift adds an item at the beginning.
func (l *List[T]) Unshift(item T) {
	if l.first == 0 {
		l.items = append([]T{item}, l.items...)
		return
	}
	l.first--
	l.items[l.first] = item
}

// Pop removes the first item. The list must not be empty.
func (l *List[T]) Pop() T {
	item := l.items[l.first]
	l.Drop(1)
	return item
}

// Drop removes the first n items. There must be as many.
func (l *List[T]) Drop(n int) {
	clear(l.items[l.first : l.first+n])
	if l.first += n; l.first > 64 && 2*l.first > len(l.items) { // at most half is unused
		n := copy(l.items, l.items[l.first:])
		clear(l.items[n:])
		l.items, l.first = l.items[:n], 0
	}
}
