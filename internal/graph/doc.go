// Package graph holds the graphs that are crawled: built from a seed or read from a file, kept in compressed sparse
// rows, walked by the sequential oracle, and handed to child processes as a memory-mapped file.
//
// A Spec comes in, from a scenario; a Graph and its Reach go out, to the sites that serve it. A Behaviour, also from a
// scenario, says how the pages of such a site answer.
package graph
