// Package graph holds the graphs that are crawled: built from a seed or read from a file, kept in compressed sparse
// rows, walked by the sequential oracle, and handed to child processes as a memory-mapped file.
//
// A Spec, from a scenario, describes a Graph; the sites that serve the Graph also use its Reach. A Behaviour, also from
// a scenario, says how the pages of such a site answer.
package graph
