// Package report renders a run for people. It takes a plan or the files of a run and gives text; it never measures.
package report
