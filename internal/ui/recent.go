package ui

import "slices"

// recent keeps the values that were used last, as long as they take no more memory than it may. The
// last is always kept.
type recent[V any] struct {
	memory int64        // bytes
	values []keeping[V] // the one that was used last at the end
}

type keeping[V any] struct {
	key   string
	value V
	size  int64
}

func (r *recent[V]) index(key string) int {
	return slices.IndexFunc(r.values, func(k keeping[V]) bool { return k.key == key })
}

// look returns the value that is kept under key, and does not count as its use.
func (r *recent[V]) look(key string) (v V, ok bool) {
	if i := r.index(key); i >= 0 {
		return r.values[i].value, true
	}
	return v, false
}

// use returns the value that is kept under key.
func (r *recent[V]) use(key string) (v V, ok bool) {
	i := r.index(key)
	if i < 0 {
		return v, false
	}
	k := r.values[i]
	r.values = append(slices.Delete(r.values, i, i+1), k)
	return k.value, true
}

// put keeps a value of so many bytes under key, and drops those that were used longest ago if they are too much.
func (r *recent[V]) put(key string, v V, size int64) {
	if i := r.index(key); i >= 0 {
		r.values = slices.Delete(r.values, i, i+1)
	}
	r.values = append(r.values, keeping[V]{key, v, size})
	sum := int64(0)
	for i, k := range slices.Backward(r.values) {
		if sum += k.size; sum > r.memory && i < len(r.values)-1 {
			r.values = slices.Delete(r.values, 0, i+1)
			return
		}
	}
}
