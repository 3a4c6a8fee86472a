// Package ui makes the web pages about runs: the list of them, and of each run its report, its matrix, its cells, their
// flame graphs, differences of cells, and what changed since another run. It turns analyses into HTML: the answers of a
// server, with events about runs in progress, or a directory of files that opens from a file system and from any web
// server. The pages are the same, except for how links end. Package report has the sentences, tables and figures, and
// package profile has pprof's own UI.
//
// The server only reads, and listens on this machine only, unless it is told otherwise. Names in the files of a run are
// hostile text: they are escaped by html/template, and become parts of paths by links only.
package ui
