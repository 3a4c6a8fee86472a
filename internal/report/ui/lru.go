package ui

import "slices"

// lru is an LRU cache limited by memory. The last value is always kept.
type lru[V any] struct {
	memory int64           // bytes
	values []cacheEntry[V] // most recently used last
}

type cacheEntry[V any] struct {
	key   string
	value V
	size  int64
}

func (r *lru[V]) index(key string) int {
	return slices.IndexFunc(r.values, func(k cacheEntry[V]) bool { return k.key == key })
}

// look returns the value of key without counting as a use.
func (r *lru[V]) look(key string) (v V, ok bool) {
	if i := r.index(key); i >= 0 {
		return r.values[i].value, true
	}
	return v, false
}

// use returns the value of key.
func (r *lru[V]) use(key string) (v V, ok bool) {
	i := r.index(key)
	if i < 0 {
		return v, false
	}
	k := r.values[i]
	r.values = append(slices.Delete(r.values, i, i+1), k)
	return k.value, true
}

// put stores a value of size bytes under key, and evicts the least recently used ones beyond the limit.
func (r *lru[V]) put(key string, v V, size int64) {
	if i := r.index(key); i >= 0 {
		r.values = slices.Delete(r.values, i, i+1)
	}
	r.values = append(r.values, cacheEntry[V]{key, v, size})
	sum := int64(0)
	for i, k := range slices.Backward(r.values) {
		if sum += k.size; sum > r.memory && i < len(r.values)-1 {
			r.values = slices.Delete(r.values, 0, i+1)
			return
		}
	}
}
