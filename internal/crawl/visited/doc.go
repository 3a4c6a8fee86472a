// Package visited provides the lock-free visited sets that several crawlers share: a bitset for
// ids, and a hash table that only grows for URLs. A page is claimed by one atomic compare-and-swap.
//
// Both sets are a crawl.Visited: given links, they return the new ones.
package visited
